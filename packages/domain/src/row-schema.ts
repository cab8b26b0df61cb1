// The form of every kind of row, by version, and how a row of an older form is brought to the present one. A
// ledger outlives its chaincode: rows stay as they were written and are migrated whenever they are read.

/** The present form of each kind of row. */
export const ROW_SCHEMA = {
  member: 2,
  'member-key': 2,
  'present-key': 1,
  departure: 1,
  'member-vote': 1,
  population: 1,
  block: 1,
  'counted-patients': 1,
  dataset: 3,
  revision: 1,
  budget: 4,
  'budget-version': 2,
  study: 4,
  'open-study': 1,
  consent: 4,
  'open-consent': 1,
  'consent-approval': 2,
  decline: 1,
  round: 2,
  update: 1,
  'score-commitment': 1,
  verdict: 2,
  attestation: 1,
  equivocation: 1,
  motion: 1,
  vote: 1,
  commitment: 2,
  release: 1,
  model: 1,
  'privacy-charge': 2,
  'study-key': 1,
  erasure: 1,
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
  // 4: accounts are of blocks of a population. A dataset from before is about one of its own, with one block.
  budget: [
    (row) => row,
    (row) => row,
    ({ datasetId, ...row }) => ({ ...row, populationId: datasetId, block: 1 }),
  ],
  // 2: keys for studies are in it too. Those from before are members' own.
  'member-key': [ALLOWS_MORE],
  // 2: sums of μ² beside the vectors, in accounts that add up so.
  'budget-version': [(row) => row],
  // 2: how many stewards of the owner must consent.
  // 3: whom it is about, and which revision it is in. Lineages cover rows from before as they are: about a population
  // of their own, in their first revision.
  dataset: [(row) => ({ ...row, consentPolicy: { stewards: 1 } }), ALLOWS_MORE],
  // 2: studies can be amended; the version counts the texts.
  // 3: what each dataset weighs, within a limit. Studies from before weigh by their bands alone.
  // 4: which revision a weight is of, and what becomes of the model when a consent is withdrawn.
  study: [(row) => ({ ...row, version: 1 }), ALLOWS_MORE, ALLOWS_MORE],
  // 2: which text was consented to, and by whom.
  // 3: what a round costs as μ² too, which accounts from before do not need.
  // 4: which blocks of patients of which revision. Consents from before are to block 1 of the first revision.
  consent: [(row) => ({ ...row, studyVersion: 1, stewards: [] }), (row) => row, (row) => row],
  // 2: which revision it was. Those from before are of the first.
  commitment: [(row) => row],
  // 2: which patients were approved of. Approvals from before are of block 1, which was the only one.
  'consent-approval': [(row) => row],
  // 2: the blocks that bear it. Charges from before are of block 1.
  'privacy-charge': [(row) => row],
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
