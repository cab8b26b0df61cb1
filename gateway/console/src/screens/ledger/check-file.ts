// A file of evidence checked, as plain data for the screen: short enough whatever the file is.
import {
  nameOf,
  openSentences,
  provenSentences,
  reportOf,
  UnreadableBundleError,
  type Verification,
  verifyBundle,
} from '@consilium/verify/evidence';

/** What is asked of the verifier. */
export interface CheckAsked {
  /** SHA-256 of block 0's header in lower-case hexadecimal. */
  readonly genesis: string;
  readonly chaincode: string;
}

export interface ShownProblem {
  readonly place: string;
  readonly text: string;
}

/** What was found. */
export type CheckResult =
  | { readonly kind: 'unreadable'; readonly text: string }
  | ({ readonly kind: 'checked' } & CheckedFile);

/** A file that could be read. */
export interface CheckedFile {
  readonly isProven: boolean;
  /** In words: `the study heart`. */
  readonly subject: string;
  readonly channel: string;
  /** The first of them. */
  readonly problems: readonly ShownProblem[];
  readonly problemCount: number;
  readonly proven: readonly string[];
  /** What is not proven, and on whose word it rests. */
  readonly open: readonly string[];
  /** Whether the check came as far as what the file claims of its subject. */
  readonly isClaimChecked: boolean;
  readonly height: number | undefined;
  readonly lastHash: string | undefined;
  readonly organisations: readonly string[];
  readonly answeredBy: readonly string[];
  readonly transactions: number;
  /** As the command writes it. */
  readonly report: string;
}

/** Longer than any line of a channel that is used: a block has 10 MB at most by Fabric's usual settings. */
export const LINE_BYTES_MAX = 64 * 2 ** 20;
const PROBLEMS_MAX = 100;
const SENTENCES_MAX = 500;
const SENTENCE_MAX = 4000;
const REPORT_MAX = 2_000_000;

const cut = (text: string, most = SENTENCE_MAX): string =>
  text.length <= most ? text : `${text.slice(0, most)}…`;

/** Checks a file that comes in pieces, which are read as the check goes on. */
export function checkFile(pieces: Iterable<Uint8Array>, { genesis, chaincode }: CheckAsked): CheckResult {
  try {
    return { kind: 'checked', ...shown(verifyBundle(pieces, { genesis, chaincode }, LINE_BYTES_MAX)) };
  } catch (error) {
    if (error instanceof UnreadableBundleError) return { kind: 'unreadable', text: cut(error.message) };
    throw error;
  }
}

function shown(verification: Verification): CheckedFile {
  const { problems, chain, subject, channel, answered, transactions } = verification;
  const short = (sentences: readonly string[]) => sentences.slice(0, SENTENCES_MAX).map((one) => cut(one));
  return {
    isProven: problems.length === 0,
    subject: cut(nameOf(subject)),
    channel: cut(channel),
    problems: problems
      .slice(0, PROBLEMS_MAX)
      .map(({ place, text }) => ({ place: cut(place), text: cut(text) })),
    problemCount: problems.length,
    proven: short(provenSentences(verification)),
    open: short(openSentences(verification)),
    isClaimChecked: answered !== undefined,
    height: chain?.height,
    lastHash: chain?.lastHash,
    organisations: short(chain?.configuration.mspIds ?? []),
    answeredBy: short(answered?.signedBy ?? []),
    transactions: transactions.length,
    report: cut(reportOf(verification), REPORT_MAX),
  };
}
