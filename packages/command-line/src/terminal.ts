// Where a command's words go: the answer on standard output, all else on standard error.
/** Where a command writes. Texts end with a line break where one is wanted. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** Characters that a terminal obeys or that turn the direction of others; tabs and line breaks are not among them. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is shown in another way
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const shown = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * The process's own standard output and standard error. A message may hold what a file of somebody else says, so that
 * characters which a terminal would obey are shown as \uXXXX. Answers are written as they are: programs read them.
 */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text.replace(OBEYED, shown)),
};
