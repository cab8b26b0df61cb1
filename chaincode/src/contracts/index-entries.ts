// Entries in the index of activities for rows that were written before there was an index: the transaction that
// first wrote each, from the key's history.
import { type Activity, ROW_SCHEMA, type RoundRow, type StudyRow } from '@consilium/domain';
import type { Concerns } from '../ledger/activities.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { keyOf, type Noun, type Rows } from '../ledger/rows.ts';
import { dossierOf } from './dossier.ts';
import { consentsOf } from './find.ts';

interface Entry {
  readonly activity: Activity;
  readonly concerns: Concerns;
}
type Written<N extends Noun> = {
  readonly noun: N;
  readonly row: Rows[N];
  /** What wrote rows of this kind first. */
  readonly transaction: string;
  readonly mspId: string;
  readonly concerns: Concerns;
};

async function entryOf<N extends Noun>(ledger: Ledger, written: Written<N>): Promise<Entry | undefined> {
  const { noun, row, transaction, mspId, concerns } = written;
  const first = await ledger.firstVersion(noun, keyOf(noun, row));
  if (first === undefined) return undefined;
  const { studyId, datasetId, round } = row as {
    readonly studyId?: string;
    readonly datasetId?: string;
    readonly round?: number;
  };
  const activity: Activity = {
    schema: ROW_SCHEMA.activity,
    ...first,
    transaction,
    mspId,
    ...(studyId !== undefined && { studyId }),
    ...(datasetId !== undefined && { datasetId }),
    ...(round !== undefined && { round }),
  };
  return { activity, concerns };
}

const there = (entries: readonly (Entry | undefined)[]): Entry[] =>
  entries.filter((entry) => entry !== undefined);

/** The proposal of a study and the consents it has. */
export async function studyEntries(ledger: Ledger, study: StudyRow): Promise<Entry[]> {
  const { studyId, purpose, datasets, requester } = study;
  const proposed = await entryOf(ledger, {
    noun: 'study',
    row: study,
    transaction: 'study:propose',
    mspId: requester,
    concerns: { study: [studyId], dataset: datasets, purpose: [purpose] },
  });
  const consented: (Entry | undefined)[] = [];
  for (const consent of await consentsOf(ledger, study)) {
    const concerns = { study: [studyId], dataset: [consent.datasetId], purpose: [purpose] };
    const mspId = consent.owner;
    consented.push(
      await entryOf(ledger, { noun: 'consent', row: consent, transaction: 'study:consent', mspId, concerns }),
    );
  }
  return there([proposed, ...consented]);
}

/** The opening of a round and everything recorded about it. */
export async function roundEntries(ledger: Ledger, round: RoundRow): Promise<Entry[]> {
  const study = [round.studyId];
  const { updates, verdicts, attestations } = await dossierOf(ledger, round);
  const opened = await entryOf(ledger, {
    noun: 'round',
    row: round,
    transaction: 'round:open',
    mspId: round.leader,
    concerns: { study, dataset: round.participants.map(({ datasetId }) => datasetId) },
  });
  const entries = [opened];
  for (const row of updates) {
    const concerns = { study, dataset: [row.datasetId] };
    const mspId = row.owner;
    entries.push(
      await entryOf(ledger, { noun: 'update', row, transaction: 'round:recordUpdate', mspId, concerns }),
    );
  }
  for (const row of verdicts) {
    const concerns = { study, dataset: row.scores.map(({ datasetId }) => datasetId) };
    const { mspId } = row;
    entries.push(
      await entryOf(ledger, { noun: 'verdict', row, transaction: 'round:recordVerdict', mspId, concerns }),
    );
  }
  for (const row of attestations) {
    const concerns = { study };
    const { mspId } = row;
    entries.push(
      await entryOf(ledger, { noun: 'attestation', row, transaction: 'round:attest', mspId, concerns }),
    );
  }
  return there(entries);
}
