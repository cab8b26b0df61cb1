// What is another in a study's text than in the one that a hospital answered before. Which one that was is on the
// ledger: the text of its consent, its refusal or its vote. A browser's memory would be one person's, at one desk.
import {
  type Consent,
  type Decline,
  type MotionRecord,
  type RowVersion,
  type Study,
  studyText,
} from '@consilium/domain';

/** One field of a text that is another now; `path` is `quorum.updates` of a nested one. */
export interface Change {
  readonly path: string;
  /** Undefined where the field is new. */
  readonly before: string | undefined;
  /** Undefined where the field is gone. */
  readonly after: string | undefined;
}

type Text = ReturnType<typeof studyText>;

/** The leaves of a text by their paths. A list of plain values is one leaf, so that an entry more is one change. */
function leavesOf(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (Array.isArray(value)) {
    if (value.every((entry) => typeof entry !== 'object')) into.set(path, value.join(', '));
    else for (const entry of value) leavesOf(entry, `${path}.${nameOf(entry, value.indexOf(entry))}`, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [field, member] of Object.entries(value))
      leavesOf(member, path === '' ? field : `${path}.${field}`, into);
  } else if (value !== undefined) into.set(path, String(value));
  return into;
}

/** Entries of a list are known by the dataset that they are of, so that one that is added moves no others. */
function nameOf(entry: unknown, place: number): string {
  const { datasetId } = (entry ?? {}) as { datasetId?: unknown };
  return typeof datasetId === 'string' ? datasetId : String(place + 1);
}

/** What changed between two texts, in the order of the present one, with what is gone at the end. */
export function differenceOf(before: Text, after: Text): readonly Change[] {
  const [old, now] = [leavesOf(before, '', new Map()), leavesOf(after, '', new Map())];
  const changed = [...now].flatMap(([path, text]): Change[] =>
    old.get(path) === text || path.endsWith('.datasetId')
      ? []
      : [{ path, before: old.get(path), after: text }],
  );
  const gone = [...old].flatMap(([path, text]): Change[] =>
    now.has(path) || path.endsWith('.datasetId') ? [] : [{ path, before: text, after: undefined }],
  );
  return [...changed, ...gone];
}

/** On which text a hospital is on record, and by what. */
export interface TextAnswered {
  readonly version: number;
  readonly by: 'consent' | 'decline' | 'vote' | 'proposal';
  readonly at: string | undefined;
}

/** What a hospital has said of a study for one dataset. */
export interface Answers {
  readonly consent: Consent | undefined;
  readonly decline: Decline | undefined;
  /** Motions on the study, with the votes. */
  readonly motions: readonly MotionRecord[];
  readonly mspId: string;
}

/**
 * The last text that this hospital answered; the text as proposed where it has answered none, since whatever anybody
 * has read of the study before was that one or a later one. Who voted for an amendment answered the text that it made.
 */
export function textAnswered({ consent, decline, motions, mspId }: Answers): TextAnswered {
  const answers: TextAnswered[] = motions.flatMap(({ motion, votes }) => {
    const own = votes.find((vote) => vote.mspId === mspId && vote.accept);
    const isAmended = motion.kind === 'amend' && motion.state === 'carried';
    return own !== undefined && isAmended
      ? [{ version: motion.studyVersion + 1, by: 'vote', at: own.votedAt }]
      : [];
  });
  if (consent !== undefined) {
    answers.push({ version: consent.studyVersion ?? 1, by: 'consent', at: consent.grantedAt });
  }
  if (decline !== undefined) {
    answers.push({ version: decline.studyVersion, by: 'decline', at: decline.declinedAt });
  }
  const first: TextAnswered = { version: 1, by: 'proposal', at: undefined };
  return answers.reduce((last, one) => (one.version > last.version || last === first ? one : last), first);
}

/** The text with this number in the history of a study's row; undefined where the history does not hold it. */
export function textInHistory(history: readonly RowVersion[], version: number): Text | undefined {
  const row = history
    .map((entry) => entry.row as Study | null)
    .find((study) => study !== null && (study.version ?? 1) === version);
  return row === undefined || row === null ? undefined : studyText(row);
}
