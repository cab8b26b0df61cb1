// That a lineage is what the blocks say: each of its rows is a row that a valid transaction wrote, and all of it is
// closed under the domain's own digests.

import {
  type Consent,
  type ConsentRow,
  canonicalJson,
  type Dataset,
  type DatasetRow,
  type Departure,
  datasetIn,
  inMembership,
  type Lineage,
  lineageProblems,
  membershipOf,
  presentForm,
  type Revision,
  ROW_SCHEMA,
  type RowKind,
  type StudyRecord,
  sealOf,
} from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { LedgerReplay } from '../blocks/ledger-replay.ts';
import type { KeptRow } from '../blocks/memory-state.ts';
import { utf8Text } from '../wire/bytes.ts';
import { sha256OfText } from '../wire/digests.ts';

/** A row that the blocks leave, in its present form, with where it was written. */
export interface ReadRow {
  readonly kind: RowKind;
  readonly value: Record<string, unknown>;
  readonly row: KeptRow;
}

/** The rows of a chaincode, as its contracts read them. Rows of kinds that are not known here are left out. */
export function readRows(replay: LedgerReplay, chaincode: string): ReadRow[] {
  const found: ReadRow[] = [];
  for (const row of replay.state.all) {
    const kind = row.key.split('\u0000')[1] ?? '';
    if (row.namespace !== chaincode || row.value === undefined || !(kind in ROW_SCHEMA)) continue;
    try {
      const value = JSON.parse(utf8Text(row.value));
      found.push({ kind: kind as RowKind, value: presentForm(kind as RowKind, value), row });
    } catch {
      // No row of Consilium: a lineage that names it is not found among those that are.
    }
  }
  return found;
}

/** A row as a chaincode of any earlier version answered it, in its present form. */
function presentText(kind: RowKind, value: unknown): string {
  try {
    return canonicalJson(presentForm(kind, value));
  } catch {
    // Of a form that is not known here: it is not among the rows that are.
    return '';
  }
}

/** The rows that a history has to be made of, found among those that the blocks leave. */
class FoundRows {
  readonly problems: Problem[] = [];
  readonly of: ReadRow[] = [];
  readonly #texts: ReadonlyMap<string, ReadRow>;
  readonly #rows: readonly ReadRow[];
  readonly #inBlocks: (kind: RowKind) => boolean;

  constructor(rows: readonly ReadRow[], inBlocks: (kind: RowKind) => boolean) {
    this.#rows = rows;
    this.#inBlocks = inBlocks;
    this.#texts = new Map(rows.map((row) => [`${row.kind} ${canonicalJson(row.value)}`, row]));
  }

  check(kind: RowKind, value: unknown, what: string): void {
    if (this.#inBlocks(kind)) this.#note(this.#texts.get(`${kind} ${presentText(kind, value)}`), what);
  }

  /** As it was consented to: its row, or what its row of now was in that revision. */
  checkDataset(dataset: Dataset): void {
    if (!this.#inBlocks('dataset')) return;
    const { datasetId } = dataset;
    const wanted = presentText('dataset', dataset);
    const own = this.#rows.filter(({ value }) => value.datasetId === datasetId);
    const now = own.find(({ kind }) => kind === 'dataset');
    const isWanted = (revision: ReadRow) =>
      now !== undefined && canonicalJson(inRevision(now, revision)) === wanted;
    const row =
      this.#texts.get(`dataset ${wanted}`) ?? own.filter(({ kind }) => kind === 'revision').find(isWanted);
    this.#note(row, `dataset ${datasetId}`);
  }

  /** Of an owner that has left, a consent counts as withdrawn, whatever its row says. */
  checkConsent(consent: Consent): void {
    if (!this.#inBlocks('consent')) return;
    this.#note(rowOfConsent(consent, this.#rows), `consent of ${consent.datasetId}`);
  }

  checkRounds(rounds: Lineage['rounds']): void {
    for (const { round, updates, verdicts, attestations, scoreCommitments, equivocations } of rounds) {
      const where = `round ${round.round}`;
      this.check('round', round, where);
      for (const update of updates) this.check('update', update, `${where}, update of ${update.datasetId}`);
      for (const verdict of verdicts) this.check('verdict', verdict, `${where}, verdict of ${verdict.mspId}`);
      for (const one of attestations) this.check('attestation', one, `${where}, attestation of ${one.mspId}`);
      for (const one of scoreCommitments ?? []) {
        this.check('score-commitment', one, `${where}, score of ${one.datasetId}`);
      }
      for (const one of equivocations ?? []) {
        this.check('equivocation', one, `${where}, contradiction of ${one.mspId}`);
      }
    }
  }

  #note(row: ReadRow | undefined, what: string): void {
    if (row !== undefined) this.of.push(row);
    else this.problems.push({ place: `lineage, ${what}`, text: 'no block that is shown holds this row' });
  }
}

const inRevision = (dataset: ReadRow, revision: ReadRow): DatasetRow =>
  datasetIn(dataset.value as unknown as DatasetRow, revision.value as unknown as Revision);

/** The row that a consent is read from as it counts, in its present form; undefined where none is shown. */
export function rowOfConsent(consent: Consent, rows: readonly ReadRow[]): ReadRow | undefined {
  const row = rows.find(
    ({ kind, value }) =>
      kind === 'consent' && value.studyId === consent.studyId && value.datasetId === consent.datasetId,
  );
  if (row === undefined) return undefined;
  const written = row.value as unknown as ConsentRow;
  const departure = rows.find(
    ({ kind, value }) =>
      kind === 'departure' && value.mspId === written.owner && value.membership === membershipOf(written),
  );
  const counted = inMembership(written, departure?.value as Departure | undefined);
  return canonicalJson(counted) === presentText('consent', consent) ? row : undefined;
}

/**
 * Everything that is wrong with it, and the rows that it is made of.
 *
 * @param inBlocks kinds of rows that must be in blocks that are shown; the model's digest closes all others
 */
export function checkLineage(
  lineage: Lineage,
  rows: readonly ReadRow[],
  inBlocks: (kind: RowKind) => boolean,
): { readonly problems: readonly Problem[]; readonly of: readonly ReadRow[] } {
  const found = new FoundRows(rows, inBlocks);
  found.check('model', lineage.model, 'model');
  found.check('study', lineage.study, 'study');
  for (const dataset of lineage.datasets) found.checkDataset(dataset);
  for (const consent of lineage.consents) found.checkConsent(consent);
  found.checkRounds(lineage.rounds);
  const problems = [...found.problems];
  const trusted = rows.find(({ kind, value }) => kind === 'model' && value.studyId === lineage.study.studyId);
  const digest = trusted?.value.lineageSha256;
  const closed = lineageProblems(lineage, {
    sha256: sha256OfText,
    ...(typeof digest === 'string' && { trusted: digest }),
  });
  problems.push(...closed.map((text) => ({ place: 'lineage', text })));
  if (digest === undefined)
    problems.push({ place: 'lineage', text: 'the model has no digest of its lineage' });
  return { problems, of: found.of };
}

/** The same of a study without a model, whose rounds that ended are closed by their seals. */
export function checkRecord(
  { study, datasets, consents, rounds }: StudyRecord,
  rows: readonly ReadRow[],
): { readonly problems: readonly Problem[]; readonly of: readonly ReadRow[] } {
  const found = new FoundRows(rows, () => true);
  found.check('study', study, 'study');
  for (const dataset of datasets) found.checkDataset(dataset);
  for (const consent of consents) found.checkConsent(consent);
  found.checkRounds(rounds);
  const problems = [...found.problems];
  for (const { round, ...recorded } of rounds) {
    if (round.seal === undefined || round.seal === sealOf(recorded, sha256OfText)) continue;
    const text = 'its seal is not that of its updates, verdicts and attestations';
    problems.push({ place: `lineage, round ${round.round}`, text });
  }
  return { problems, of: found.of };
}
