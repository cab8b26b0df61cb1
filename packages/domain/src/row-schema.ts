// The form of every kind of row, by version, and how a row of an older form is brought to the present one. A
// ledger outlives its chaincode: rows stay as they were written and are migrated whenever they are read.

/** The present form of each kind of row. */
export const ROW_SCHEMA = {
  member: 2,
  'member-key': 1,
  'present-key': 1,
  departure: 1,
  'member-vote': 1,
  dataset: 2,
  budget: 3,
  'budget-version': 2,
  study: 3,
  'open-study': 1,
  consent: 3,
  'open-consent': 1,
  'consent-approval': 1,
  round: 2,
  update: 1,
  'score-commitment': 1,
  verdict: 2,
  attestation: 1,
  equivocation: 1,
  motion: 1,
  vote: 1,
  commitment: 1,
  release: 1,
  model: 1,
  'privacy-charge': 1,
  activity: 1,
} as const;
/** A kind of row. */
export type RowKind = keyof typeof ROW_SCHEMA;

type AnyRow = Record<string, unknown>;
/** A form that only allows more: rows from before keep their form's number, which seals and lineages cover. */
const ALLOWS_MORE = 'allows more';
type Step = ((row: AnyRow) => AnyRow) | typeof ALLOWS_MORE;

/**
 * What changed with each form: the step at i leads from form i + 1 to form i + 2. A step only fills in what
 * older rows could not say, and never changes a field that a digest covers.
 */
const STEPS: Partial<Record<RowKind, readonly Step[]>> = {
  // 2: which of the member's keys this is, and since when. Keys from before carry no proof, and may be none at all.
  member: [(row) => ({ ...row, keyNumber: 1, keySince: row.registeredAt })],
  // 2: an account's sums are in versions of their own. Rows from before hold theirs until they change.
  // 3: an account says how it adds up. Those from before go on as they were: by the best of all orders.
  budget: [(row) => row, (row) => row],
  // 2: sums of μ² beside the vectors, in accounts that add up so.
  'budget-version': [(row) => row],
  // 2: how many stewards of the owner must consent.
  dataset: [(row) => ({ ...row, consentPolicy: { stewards: 1 } })],
  // 2: studies can be amended; the version counts the texts.
  // 3: what each dataset weighs, within a limit. Studies from before weigh by their bands alone.
  study: [(row) => ({ ...row, version: 1 }), ALLOWS_MORE],
  // 2: which text was consented to, and by whom.
  // 3: what a round costs as μ² too, which accounts from before do not need.
  consent: [(row) => ({ ...row, studyVersion: 1, stewards: [] }), (row) => row],
  // 2: scores count right and wrong. Those from before count right and all, and are read so.
  verdict: [ALLOWS_MORE],
  // 2: since when the round is in its stage, for the leader's turn.
  round: [(row) => ({ ...row, stageSince: row.openedAt })],
};

/**
 * A row in its present form, or in the last one that holds more than new rows may have.
 *
 * @throws RangeError for a form that is newer than this chaincode: another member has upgraded first
 */
export function presentForm<T>(kind: RowKind, row: T): T {
  let current = row as AnyRow;
  const form = current.schema;
  const present = ROW_SCHEMA[kind];
  if (typeof form !== 'number' || form < 1 || form > present) {
    throw new RangeError(
      `a ${kind} row of form ${String(form)} is not known; this chaincode knows ${present}`,
    );
  }
  for (const [i, step] of (STEPS[kind] ?? []).entries()) {
    if (i >= form - 1 && step !== ALLOWS_MORE) current = { ...step(current), schema: i + 2 };
  }
  return current as T;
}
