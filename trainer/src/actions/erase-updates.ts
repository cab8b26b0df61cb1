// After a consent was withdrawn: this hospital lets go of that dataset's updates and says so on the ledger. What it had
// opened, what it keeps in IPFS, its key for them and what lies in its journal goes; what is left can be said in words
// only (docs/operating).
import {
  type AttestErasure,
  type Consent,
  type DatasetErasures,
  type RoundDossier,
  sealedToStudyKeys,
} from '@consilium/domain';
import { type SealedTo, updateContext } from '../artefacts/artefact-exchange.ts';
import { named, TrainerError } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import { isOver } from '../study/ledger-state.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

type Erased = AttestErasure['artefacts'][number];

/** What a ledger or a gateway from before there were erasures answers. */
const UNKNOWN: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'ROUTE_NOT_FOUND']);
/** Nothing is owed any more, or never was. */
const SETTLED: ReadonlySet<string> = new Set(['ERASURE_EXISTS', 'ERASURE_NOT_OWED']);

/** Whether a round that goes on is with a dataset's update. */
const needs = ({ round }: RoundDossier, datasetId: string): boolean =>
  !isOver(round) && round.withdrawn?.includes(datasetId) !== true;

/** What this hospital owes to erase in a study. @throws GatewayProblem */
export async function listOwedErasures(
  { ledger, mspId }: Pick<TrainerContext, 'ledger' | 'mspId'>,
  studyId: string,
): Promise<readonly DatasetErasures[]> {
  try {
    return (await ledger.listErasures(studyId)).filter(({ owed }) => owed.includes(mspId));
  } catch (error) {
    if (error instanceof GatewayProblem && UNKNOWN.has(error.code)) return [];
    throw error;
  }
}

/**
 * Erases what this hospital owes to erase in a study, and attests it.
 *
 * @returns what is still owed: a round needs the update
 * @throws TrainerError or GatewayProblem where IPFS, the journal or the ledger fails; calling it again goes on
 */
export async function eraseUpdates(
  context: TrainerContext,
  studyId: string,
  owed: readonly DatasetErasures[],
): Promise<readonly DatasetErasures[]> {
  const { ledger, mspId, log } = context;
  if (owed.length === 0) return [];
  const dossiers: RoundDossier[] = [];
  for (let round = 1; ; round += 1) {
    const dossier = await ledger.getDossier(studyId, round);
    if (dossier === undefined) break;
    dossiers.push(dossier);
  }
  const later: DatasetErasures[] = [];
  for (const erasure of owed) {
    const { datasetId, overdue, dueAt } = erasure;
    const updated = dossiers.filter(({ updates }) =>
      updates.some((update) => update.datasetId === datasetId),
    );
    const own = updated.filter(({ round }) => round.validators.includes(mspId));
    if (overdue.includes(mspId)) log.warn({ studyId, datasetId, dueAt }, 'an erasure is overdue');
    // The ledger takes no word while any round needs the update.
    const isEarly = updated.some((dossier) => needs(dossier, datasetId));
    if (own.length === 0 || isEarly) later.push(erasure);
    else await eraseOne(context, { studyId, datasetId, own });
  }
  return later;
}

/** A key that is to be destroyed, and is not. */
export interface KeptKey {
  readonly datasetId: string;
  readonly error: Error;
}

/**
 * Destroys keys for updates of withdrawn datasets that this hospital owes nothing of: it has erased them, and this
 * folder is a copy from before; or there is nothing that was sealed to them. One that cannot be destroyed does not keep
 * another from it.
 *
 * @returns those that are still there, each with why
 * @throws GatewayProblem where the ledger fails
 */
export async function destroyKeysNotOwed(
  { ledger, journal, mspId, log }: Pick<TrainerContext, 'ledger' | 'journal' | 'mspId' | 'log'>,
  studyId: string,
  consents: readonly Consent[],
): Promise<readonly KeptKey[]> {
  const withdrawn = new Set(
    consents.filter((consent) => consent.withdrawnAt !== undefined).map(({ datasetId }) => datasetId),
  );
  if (withdrawn.size === 0) return [];
  const held = journal
    .studyKeys(studyId)
    .filter(({ datasetId, isDestroyed }) => !isDestroyed && withdrawn.has(datasetId));
  if (held.length === 0) return [];
  const erasures = await ledger.listErasures(studyId);
  const kept: KeptKey[] = [];
  for (const { datasetId } of held) {
    const erasure = erasures.find((one) => one.datasetId === datasetId);
    // A list that does not know of the withdrawal says nothing.
    if (erasure === undefined || erasure.owed.includes(mspId)) continue;
    try {
      journal.destroyStudyKey({ studyId, datasetId });
      log.info({ studyId, datasetId }, 'destroyed a key of which nothing is owed');
    } catch (thrown) {
      const error = named(thrown);
      if (!(error instanceof TrainerError)) throw error;
      kept.push({ datasetId, error });
    }
  }
  return kept;
}

async function eraseOne(
  context: TrainerContext,
  {
    studyId,
    datasetId,
    own,
  }: { readonly studyId: string; readonly datasetId: string; readonly own: readonly RoundDossier[] },
): Promise<void> {
  const { mspId, exchange, journal, afterStep } = context;
  const forgotten: (Omit<Erased, 'keysDestroyed'> & { sealedTo: SealedTo; isOnLedger: boolean })[] = [];
  for (const { round, updates } of own) {
    const update = updates.find((one) => one.datasetId === datasetId)!;
    const left = await exchange.forget(update.artefact, {
      context: updateContext(update),
      putAs: { studyId, round: round.round, subject: datasetId },
    });
    const isOnLedger = sealedToStudyKeys(update, round).includes(mspId);
    forgotten.push({ round: round.round, sha256: update.artefact.sha256, ...left, isOnLedger });
  }
  afterStep('erasure: unpinned');
  journal.forgetUpdates(studyId, datasetId);
  // Last, since it is by the key that this hospital knew what to unpin.
  journal.destroyStudyKey({ studyId, datasetId });
  afterStep('erasure: done');
  const had = journal.studyKeys(studyId).some((key) => key.datasetId === datasetId && key.isDestroyed);
  const artefacts = forgotten.map(
    ({ sealedTo, isOnLedger, ...artefact }): Erased => ({
      ...artefact,
      // What the ledger would not believe is not said; nor what is not so, whatever the sender recorded.
      keysDestroyed: had && isOnLedger && sealedTo !== 'member key',
    }),
  );
  try {
    await submit(context, 'study:attestErasure', {
      argument: { studyId, datasetId, artefacts },
      subject: datasetId,
    });
  } catch (error) {
    if (!(error instanceof GatewayProblem && SETTLED.has(error.code))) throw error;
  }
}
