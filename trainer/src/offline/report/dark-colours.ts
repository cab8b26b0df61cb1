// The charts' colours where a page is dark: the same hues, lighter, on dark paper. A style within the picture, so that a
// file that is opened, or embedded in a page as an image, follows the reader's own setting.
const DARK: Readonly<Record<string, string>> = {
  '#ffffff': '#14181d',
  '#1f2933': '#eef1f4',
  '#6b7785': '#a3afbb',
  '#e4e8ec': '#2a323a',
  '#aab4be': '#5c6874',
  '#8a949e': '#8a949e',
  '#0072b2': '#4aa8e0',
  '#d55e00': '#ff8f3d',
  '#009e73': '#2cc99a',
  '#cc79a7': '#e39ac2',
  '#b8860b': '#e0b13a',
  '#56b4e9': '#8accf2',
  '#5e4fa2': '#a698e8',
  '#7a5c3e': '#c09a74',
};

/** An element to put into a chart whose colours are attributes. */
export const DARK_STYLE = `<style>@media (prefers-color-scheme: dark) {${Object.entries(DARK)
  .map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`)
  .join('')}}</style>`;
