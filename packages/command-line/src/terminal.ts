// Where a command's words go: the answer on standard output, all else on standard error.
/** Where a command writes. Texts end with a line break where one is wanted. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** The process's own standard output and standard error. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};
