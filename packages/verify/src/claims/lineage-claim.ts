// That a lineage is what the blocks say: each of its rows is a row that a valid transaction wrote, and all of it is
// closed under the domain's own digests.
import {
  canonicalJson,
  type Lineage,
  lineageProblems,
  presentForm,
  ROW_SCHEMA,
  type RowKind,
} from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { LedgerReplay } from '../blocks/ledger-replay.ts';
import type { KeptRow } from '../blocks/memory-state.ts';
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
      const value = JSON.parse(Buffer.from(row.value).toString('utf8'));
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

/** Everything that is wrong with it, and the rows that it is made of. */
export function checkLineage(
  lineage: Lineage,
  rows: readonly ReadRow[],
): { readonly problems: readonly Problem[]; readonly of: readonly ReadRow[] } {
  const texts = new Map(rows.map((row) => [`${row.kind} ${canonicalJson(row.value)}`, row]));
  const problems: Problem[] = [];
  const of: ReadRow[] = [];
  const check = (kind: RowKind, value: unknown, what: string): void => {
    const row = texts.get(`${kind} ${presentText(kind, value)}`);
    if (row === undefined)
      problems.push({ place: `lineage, ${what}`, text: 'no block that is shown holds this row' });
    else of.push(row);
  };
  check('model', lineage.model, 'model');
  check('study', lineage.study, 'study');
  for (const dataset of lineage.datasets) check('dataset', dataset, `dataset ${dataset.datasetId}`);
  for (const consent of lineage.consents) check('consent', consent, `consent of ${consent.datasetId}`);
  for (const { round, updates, verdicts, attestations, scoreCommitments, equivocations } of lineage.rounds) {
    const where = `round ${round.round}`;
    check('round', round, where);
    for (const update of updates) check('update', update, `${where}, update of ${update.datasetId}`);
    for (const verdict of verdicts) check('verdict', verdict, `${where}, verdict of ${verdict.mspId}`);
    for (const one of attestations) check('attestation', one, `${where}, attestation of ${one.mspId}`);
    for (const one of scoreCommitments ?? []) {
      check('score-commitment', one, `${where}, score of ${one.datasetId}`);
    }
    for (const one of equivocations ?? [])
      check('equivocation', one, `${where}, contradiction of ${one.mspId}`);
  }
  const trusted = rows.find(({ kind, value }) => kind === 'model' && value.studyId === lineage.study.studyId);
  const digest = trusted?.value.lineageSha256;
  const found = lineageProblems(lineage, {
    sha256: sha256OfText,
    ...(typeof digest === 'string' && { trusted: digest }),
  });
  problems.push(...found.map((text) => ({ place: 'lineage', text })));
  if (digest === undefined)
    problems.push({ place: 'lineage', text: 'the model has no digest of its lineage' });
  return { problems, of };
}
