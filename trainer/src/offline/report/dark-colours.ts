// The charts' colours: on light paper for lines and, darker, for letters; and where a page is dark, the same hues,
// lighter, on dark paper. A style within the picture, so that a file that is opened, or embedded in a page as an image,
// follows the reader's own setting.

/** What charts are drawn on. */
export const PAPER = { light: '#ffffff', dark: '#14181d' } as const;

/** Colours of letters, of the hue of a line: the line's own would be too light to read. */
const LETTERS: Readonly<Record<string, string>> = {
  '#0072b2': '#0072b2',
  '#d55e00': '#b34f00',
  '#8a949e': '#66707a',
  '#009e73': '#007a59',
  '#cc79a7': '#a8497c',
  '#b8860b': '#8a6408',
  '#56b4e9': '#1f77ad',
  '#5e4fa2': '#5e4fa2',
  '#7a5c3e': '#7a5c3e',
};

/** The colour of a text that names a line. */
export const letterColour = (line: string): string => LETTERS[line] ?? line;

const LINES: Readonly<Record<string, string>> = {
  [PAPER.light]: PAPER.dark,
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
const DARK = {
  ...LINES,
  ...Object.fromEntries(Object.entries(LETTERS).map(([line, letters]) => [letters, LINES[line]!])),
};

/** An element to put into a chart whose colours are attributes. */
export const DARK_STYLE = `<style>@media (prefers-color-scheme: dark) {${Object.entries(DARK)
  .map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`)
  .join('')}}</style>`;
