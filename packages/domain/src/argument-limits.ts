// How large a transaction's argument may be. An argument is read by every endorser before anything can be refused, so
// that its size is what a stranger can make all of them work: as small as honest arguments allow.
import { DomainError } from './errors.ts';

/** What one argument may be at most. */
export interface ArgumentLimits {
  /** Of the argument's text in UTF-8. */
  readonly bytes: number;
  /** Values in it: members of objects and entries of lists, at any depth. */
  readonly values: number;
}

/** How deep objects and lists may be nested; the deepest argument, a study's clipping, has five. */
const DEPTH_MAX = 8;

/** The largest of these, with 100 claims of a vote, takes 16 KB; most take less than one. */
const SUBMIT: ArgumentLimits = { bytes: 32 * 1024, values: 1024 };
/** Ids, a page size and a bookmark. */
const EVALUATE: ArgumentLimits = { bytes: 4 * 1024, values: 64 };

/** What needs more, and why. */
const LARGER: Readonly<Record<string, ArgumentLimits>> = {
  // 500 features of 300 bytes each, or fewer with all the categories that a code list has.
  'dataset:register': { bytes: 160 * 1024, values: 12 * 1024 },
  // 256 blocks of patients, each with its band.
  'dataset:revise': { bytes: 32 * 1024, values: 2 * 1024 },
  // The updates of 1,000 rounds.
  'study:attestErasure': { bytes: 160 * 1024, values: 6 * 1024 },
  // Every block of patients that a consent may give.
  'privacy:quote': { bytes: 4 * 1024, values: 256 },
  // 2,000 characters of question, 100 datasets, and names of a model's layers for clipping.
  'study:propose': { bytes: 64 * 1024, values: 4 * 1024 },
  // Decisions on 100 updates, and scores of as many datasets with their privacy events.
  'round:recordVerdict': { bytes: 64 * 1024, values: 2 * 1024 },
  // A whole signed proposal of a statement, in base64.
  'round:reportEquivocation': { bytes: 320 * 1024, values: 16 },
};

/**
 * How large the argument of a transaction may be: 32 KiB and 1,024 values, of a query 4 KiB and 64, or limits of
 * its own.
 */
export const argumentLimitsOf = ({
  name,
  kind,
}: {
  readonly name: string;
  readonly kind: 'submit' | 'evaluate';
}): ArgumentLimits => {
  if (Object.hasOwn(LARGER, name)) return LARGER[name]!;
  return kind === 'submit' ? SUBMIT : EVALUATE;
};

/** More than this no transaction takes. */
export const ARGUMENT_BYTES_MAX = Math.max(
  ...[SUBMIT, EVALUATE, ...Object.values(LARGER)].map(({ bytes }) => bytes),
);

/**
 * The most that the signed proposal of a statement (a verdict, an attestation) may take, with its certificate and
 * headers: half of what a report of an equivocation takes, so that whatever is accepted can be reported.
 */
export const STATEMENT_BYTES_MAX = 96 * 1024;

/** @throws DomainError INVALID_ARGUMENT for a text that is too long to be read, or is none */
export function requireBytes(
  text: string | undefined,
  { bytes }: Pick<ArgumentLimits, 'bytes'>,
): asserts text is string {
  if (text === undefined) throw new DomainError('INVALID_ARGUMENT', 'argument is missing');
  // No text has fewer bytes than characters: a huge one is refused unread.
  if (text.length > bytes || new TextEncoder().encode(text).length > bytes) {
    throw new DomainError('INVALID_ARGUMENT', `argument must be at most ${bytes} bytes`);
  }
}

/**
 * The one JSON value of an argument. Size, depth and number of values are bounded before the text is parsed.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function parseArgument(text: string | undefined, { bytes, values }: ArgumentLimits): unknown {
  requireBytes(text, { bytes });
  const size = sizeOf(text);
  if (size.depth > DEPTH_MAX) {
    throw new DomainError('INVALID_ARGUMENT', `argument must be at most ${DEPTH_MAX} objects and lists deep`);
  }
  if (size.values > values) {
    throw new DomainError('INVALID_ARGUMENT', `argument must have at most ${values} values`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'argument must be one JSON object');
  }
}

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  34, 92, 44, 91, 93, 123, 125,
];

/** How deep a JSON text is, and how many values it has at most; of a text that is none, the same of what it seems. */
export function sizeOf(text: string): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) {
      isInString = true;
    } else if (code === COMMA) {
      values++;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values++;
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth--;
    }
  }
  return { depth: deepest, values };
}
