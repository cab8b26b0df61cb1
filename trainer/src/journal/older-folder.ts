// Notices that the trainer's folder is an older copy: the ledger shows releases of this hospital that its journal lacks.
// From then on nothing is drawn for any study that had a consent of this hospital at that time: what else the newer
// folder held cannot be known, and a second draw for one charge must never be made.
import type { Consent, RoundDossier } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { logFailure } from '../failure.ts';
import { listOwnStudies } from '../study/own-studies.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import type { Journal } from './journal.ts';
import type { ReleaseKey } from './journal-records.ts';

/** Releases of these datasets that the ledger has and the journal lacks, or has otherwise. */
function unknownReleases(
  journal: Journal,
  dossier: RoundDossier,
  datasetIds: ReadonlySet<string>,
): ReleaseKey[] {
  const { studyId, round } = dossier.round;
  const unknown: ReleaseKey[] = [];
  for (const { datasetId, plaintextSha256 } of dossier.updates) {
    if (!datasetIds.has(datasetId)) continue;
    const key: ReleaseKey = { studyId, round, datasetId, pool: 'training' };
    if (journal.release(key)?.payloadSha256 !== plaintextSha256) unknown.push(key);
  }
  for (const { datasetId } of dossier.verdicts.flatMap(({ scores }) => scores)) {
    if (!datasetIds.has(datasetId)) continue;
    const key: ReleaseKey = { studyId, round, datasetId, pool: 'held-out' };
    if (journal.release(key) === undefined) unknown.push(key);
  }
  for (const { datasetId, scoreSha256 } of dossier.scoreCommitments ?? []) {
    if (!datasetIds.has(datasetId)) continue;
    const key: ReleaseKey = { studyId, round, datasetId, pool: 'held-out' };
    if (journal.release(key)?.payloadSha256 !== scoreSha256) unknown.push(key);
  }
  return unknown;
}

/** This hospital's consents that something may still be drawn under. */
const openConsents = (consents: readonly Consent[], mspId: string): Consent[] =>
  consents.filter(({ owner, state }) => owner === mspId && state !== 'settled');

/**
 * To be called with each round that is read, before anything is drawn for it. What it finds is in the journal when it
 * returns. A dataset whose consent is settled is drawn for no more, whatever the journal lacks of it.
 */
export async function noticeRound(
  context: TrainerContext,
  dossier: RoundDossier,
  consents: readonly Consent[],
): Promise<void> {
  const { journal, mspId } = context;
  if (journal.barredBecause(dossier.round.studyId) !== undefined) return;
  const datasetIds = new Set(openConsents(consents, mspId).map(({ datasetId }) => datasetId));
  const [unknown] = unknownReleases(journal, dossier, datasetIds);
  if (unknown !== undefined) await barAll(context, unknown);
}

function barAll(context: TrainerContext, unknown: ReleaseKey): Promise<void> {
  const { studyId, round, datasetId, pool } = unknown;
  const what = pool === 'training' ? 'an update' : 'a score';
  return barAsOlder(context, studyId, `${what} of ${datasetId} in round ${round} of study ${studyId}`);
}

/** Bars a study, and all others with a consent of this hospital. `what`: the ledger has it, and the folder lacks it. */
export async function barAsOlder(context: TrainerContext, studyId: string, what: string): Promise<void> {
  const { ledger, journal, mspId, log } = context;
  const reason =
    `the ledger has ${what} that this folder lacks: it is an ` +
    'older copy. Stop the trainer and restore the newest one; where there is none, withdraw the consents given ' +
    'before: once they are settled, new ones may be given';
  const studyIds = [studyId];
  for (const own of await listOwnStudies(context)) {
    if (own === studyId) continue;
    if (openConsents(await ledger.listConsents(own), mspId).length > 0) studyIds.push(own);
  }
  journal.bar(studyIds, reason);
  logFailure(log, new TrainerError('TRAINER_FOLDER_OLDER', reason), { studyIds });
}

/**
 * Compares every round of the studies that this hospital has an open consent in with the journal, before anything is
 * drawn.
 *
 * @throws TrainerError or GatewayProblem where the ledger cannot be read
 */
export async function checkFolder(context: TrainerContext): Promise<void> {
  const { ledger, mspId } = context;
  for (const studyId of await listOwnStudies(context)) {
    const consents = await ledger.listConsents(studyId);
    if (openConsents(consents, mspId).length === 0) continue;
    for (let round = 1; ; round += 1) {
      const dossier = await ledger.getDossier(studyId, round);
      if (dossier === undefined) break;
      await noticeRound(context, dossier, consents);
    }
  }
}

/** Whether a study may go on; one whose consents are all settled is barred no longer. @throws TRAINER_FOLDER_OLDER */
export function requireNewestFolder(
  { journal, mspId }: Pick<TrainerContext, 'journal' | 'mspId'>,
  { studyId, consents }: { readonly studyId: string; readonly consents: readonly Consent[] },
): void {
  const reason = journal.barredBecause(studyId);
  if (reason === undefined) return;
  if (openConsents(consents, mspId).length > 0) throw new TrainerError('TRAINER_FOLDER_OLDER', reason);
  journal.unbar(studyId);
}
