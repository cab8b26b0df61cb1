// Names that people compare by eye. Whoever proposes a change chooses them: one that looks like another, or that a
// terminal shows in another order, would have a reader agree to other words than are signed.
import { oneLine } from '@consilium/verify/channel';
import { refuse } from './refused-ceremony.ts';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const NAME_MAX = 128;
/** Hosts with ports, durations, paths of policies, names of capabilities: nothing that separates words of a review. */
const VALUE = /^[A-Za-z0-9 ._:/-]*$/;

/** Characters that nobody takes for others, in words about a text that was refused. */
export const visible = (text: string): string =>
  JSON.stringify(oneLine(text)).replaceAll(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );

/** @throws RefusedCeremonyError where it is no name of letters, digits, dots, hyphens and underscores */
export function plainName(name: string, what: string): string {
  if (NAME.test(name) && name.length <= NAME_MAX) return name;
  return refuse(
    `the ${what} is named ${visible(name.slice(0, NAME_MAX))}: names are of 1 to ${NAME_MAX} letters a to z, digits, ` +
      'dots, hyphens and underscores, so that nobody reads one for another',
  );
}

/** @throws RefusedCeremonyError where a text has characters that could hide or rearrange words around it */
export function plainValue(text: string, what: string): string {
  if (VALUE.test(text) && text === text.trim()) return text;
  return refuse(
    `the ${what} is ${visible(text.slice(0, 200))}, which has characters that a review could hide`,
  );
}

const LOOKALIKES: readonly (readonly [RegExp, string])[] = [
  [/[-._]/g, ''],
  [/0/g, 'o'],
  [/[1i|]/g, 'l'],
  [/5/g, 's'],
  [/8/g, 'b'],
  [/2/g, 'z'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
];

/** What is left of a name without what eyes confuse: equal for names that look alike. */
export const lookOf = (name: string): string =>
  LOOKALIKES.reduce((text, [pattern, by]) => text.replaceAll(pattern, by), name.toLowerCase());
