// What the commands without a ledger have in common: exit codes, and errors that are the user's to mend.
import { readFile } from 'node:fs/promises';
import { type ParseArgsConfig, parseArgs } from 'node:util';

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Where a command's words go. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};

/** The command line or a file that it names cannot be used; the message says what to mend. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** Every problem, where there are several. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const all = typeof problems === 'string' ? [problems] : problems;
    super(all.join('\n'), options);
    this.problems = all;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the path',
  EACCES: 'permission denied: ask for access, or choose another path',
  EPERM: 'permission denied: ask for access, or choose another path',
  EISDIR: 'it is a folder: name a file in it',
  EEXIST: 'it is a file: name a folder',
  ENOTDIR: 'a part of the path is a file: name a folder',
  EROFS: 'the file system is read-only: choose another path',
  ENOSPC: 'the disk is full: free some space',
};

/** Why the system refused a path, and the remedy. */
export function reasonOf(error: unknown): string {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
}

/** A text file that an option names, without the byte order mark that some editors write. @throws InputError */
export async function readText(path: string, what: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InputError(`${what} ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  });
  return text.replace(/^\u{FEFF}/u, '');
}

/** Parses a command's arguments. @throws InputError for unknown ones, and for one given twice that may be given once */
export function readArguments<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
) {
  const parsed = parseWords(args, options);
  const names = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((name, i) => names.indexOf(name) < i && options[name]?.multiple !== true);
  if (twice !== undefined) throw new InputError(`--${twice} is given twice: give it once`);
  return parsed;
}

function parseWords<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const [firstSentence = 'wrong usage'] = message.split('\n').join(' ').split('. To specify a positional');
    const known = Object.keys(options).map((name) => `--${name}`);
    const remedy = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? `: there are ${known.join(', ')}` : '';
    throw new InputError(`${firstSentence}${remedy}`, { cause });
  }
}

/** The value of an option that must be there. @throws InputError */
export function required(value: string | undefined, option: string): string {
  if (!value) throw new InputError(`--${option} is missing`);
  return value;
}

/** A positive number of the command line. @throws InputError */
export function positiveNumber(
  text: string | undefined,
  option: string,
  { below = Number.POSITIVE_INFINITY }: { readonly below?: number } = {},
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < below) return value;
  const bound = Number.isFinite(below) ? ` and below ${below}` : '';
  throw new InputError(`--${option} must be a number above 0${bound}`);
}
