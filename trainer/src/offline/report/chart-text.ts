// Texts of charts: how wide they are, where their lines break, and colours in which they can be read. SVG breaks no
// lines, and cuts off what leaves its frame without a word.
import { PAPER } from './dark-colours.ts';

/** Of the size of the letters, in the widest of the usual fonts without serifs (DejaVu Sans, Verdana). */
function letterWidth(letter: string): number {
  if (/[ijl.,:;|!'’·]/.test(letter)) return 0.33;
  if (/[ft\s()[\]rI-]/.test(letter)) return 0.4;
  if (/[mwMW@%—…]/.test(letter)) return 1;
  if (/[DGHNOQU]/.test(letter)) return 0.79;
  if (!/[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\d]/u.test(letter)) return 1;
  return /\p{Lu}/u.test(letter) ? 0.7 : 0.64;
}

interface Look {
  readonly size: number;
  readonly isBold?: boolean | undefined;
}

/** About how many units a text takes; rather more than less. */
export const textWidth = (text: string, { size, isBold }: Look): number =>
  [...text].reduce((sum, letter) => sum + letterWidth(letter), 0) * size * (isBold ? 1.12 : 1);

/** The text, cut short with an ellipsis where it has no room. */
export function fitted(text: string, { width, ...look }: Look & { readonly width: number }): string {
  if (textWidth(text, look) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join('').trimEnd()}…`, look) > width) letters.pop();
  return `${letters.join('').trimEnd()}…`;
}

/** The text in lines of whole words; the last one is cut short where there would be more of them. */
export function wrapped(
  text: string,
  { width, most, ...look }: Look & { readonly width: number; readonly most: number },
): string[] {
  const words = text.split(' ').filter(Boolean);
  const lines: string[] = [];
  let rest = 0;
  while (rest < words.length && lines.length < most - 1) {
    let taken = 1;
    const line = () => words.slice(rest, rest + taken).join(' ');
    while (rest + taken < words.length && textWidth(`${line()} ${words[rest + taken]}`, look) <= width)
      taken++;
    lines.push(fitted(line(), { width, ...look }));
    rest += taken;
  }
  if (rest < words.length) lines.push(fitted(words.slice(rest).join(' '), { width, ...look }));
  return lines;
}

/** What people wrote, as text of an SVG document. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Space for more lines of a title or a footnote. */
const [TITLE_STEP, NOTE_STEP] = [21, 14] as const;
const MARGIN = 14;

export interface Frame {
  readonly title: string;
  readonly subtitle: string;
  readonly footnote: string;
  readonly left: number;
  readonly width: number;
  readonly height: number;
  readonly ink: string;
  readonly quiet: string;
}

/** The beginning and the end of a chart's document: paper, title, subtitle and footnote, however long they are. */
export function framed(
  { title, subtitle, footnote, left, width, height, ink, quiet }: Frame,
  parts: readonly string[],
): string {
  const room = width - left - MARGIN;
  const titles = wrapped(title, { width: room, size: 17, isBold: true, most: 3 });
  const subtitles = wrapped(subtitle, { width: room, size: 12, most: 2 });
  const notes = wrapped(footnote, { width: room, size: 11, most: 4 });
  // Above and below the frame that short texts need.
  const above = Math.max(0, titles.length - 1) * TITLE_STEP + Math.max(0, subtitles.length - 1) * NOTE_STEP;
  const below = Math.max(0, notes.length - 1) * NOTE_STEP;
  const subtitleAt = 51 - (subtitles.length - 1) * NOTE_STEP;
  const whole = height + above + below;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-above} ${width} ${whole}" width="${width}" height="${whole}" ` +
      `font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="${quiet}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect y="${-above}" width="${width}" height="${whole}" fill="${PAPER.light}"/>`,
    ...titles.map(
      (line, place) =>
        `<text x="${left}" y="${subtitleAt - TITLE_STEP * (titles.length - place)}" font-size="17" font-weight="600" ` +
        `fill="${ink}">${escaped(line)}</text>`,
    ),
    ...subtitles.map(
      (line, place) => `<text x="${left}" y="${subtitleAt + NOTE_STEP * place}">${escaped(line)}</text>`,
    ),
    ...parts,
    ...notes.map(
      (line, place) =>
        `<text x="${left}" y="${height - 10 + NOTE_STEP * place}" font-size="11">${escaped(line)}</text>`,
    ),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}
