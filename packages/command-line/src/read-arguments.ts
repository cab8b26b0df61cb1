// Arguments by node's own parser, refused in words for people.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './input-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What every command takes. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies Options;

/** A command's options and other words. @throws UsageError for unknown options, and for one given twice that may be given once */
export function readArguments<const T extends Options>(args: readonly string[], options: T) {
  const parsed = parseWords(args, options);
  const names = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((name, at) => names.indexOf(name) < at && options[name]?.multiple !== true);
  if (twice !== undefined) {
    throw new UsageError({ field: `--${twice}`, text: 'is given twice', remedy: 'give it once' });
  }
  return parsed;
}

function parseWords<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const [firstSentence = 'wrong usage'] = message.split('\n').join(' ').split('. To specify a positional');
    const known = Object.keys(options).map((name) => `--${name}`);
    const remedy =
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? { remedy: `there are ${known.join(', ')}` } : {};
    throw new UsageError({ field: '', text: firstSentence, ...remedy }, { cause });
  }
}

/** Refuses words that a command does not take. @throws UsageError */
export function refuseMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`unexpected ${words.join(' ')}`);
}

/** The value of an option that must be there. @throws UsageError */
export function required(value: string | undefined, option: string): string {
  if (!value) throw new UsageError({ field: `--${option}`, text: 'is missing' });
  return value;
}

/** A whole number; undefined where the option is not given. @throws UsageError */
export function wholeNumber(
  text: string | undefined,
  option: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { readonly least?: number; readonly most?: number } = {},
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UsageError({ field: `--${option}`, text: `must be a whole number ${range}, not ${text}` });
}

/** A number above 0; undefined where the option is not given. @throws UsageError */
export function positiveNumber(
  text: string | undefined,
  option: string,
  { below = Number.POSITIVE_INFINITY }: { readonly below?: number } = {},
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < below) return value;
  const bound = Number.isFinite(below) ? ` and below ${below}` : '';
  throw new UsageError({ field: `--${option}`, text: `must be a number above 0${bound}` });
}

/** One of a few words; undefined where the option is not given. @throws UsageError */
export function oneOf<T extends string>(
  text: string | undefined,
  option: string,
  allowed: readonly T[],
): T | undefined {
  const found = allowed.find((one) => one === text);
  if (text !== undefined && found === undefined) {
    throw new UsageError({ field: `--${option}`, text: `must be ${allowed.join(' or ')}, not ${text}` });
  }
  return found;
}
