// After a consent was withdrawn: this hospital lets go of that dataset's updates and says so on the ledger. What it had
// opened, what it keeps in IPFS and what lies in its journal goes; what is left can be said in words only
// (docs/operating).
import type { AttestErasure, DatasetErasures, RoundDossier } from '@consilium/domain';
import { updateContext } from '../artefacts/artefact-exchange.ts';
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

async function eraseOne(
  context: TrainerContext,
  {
    studyId,
    datasetId,
    own,
  }: { readonly studyId: string; readonly datasetId: string; readonly own: readonly RoundDossier[] },
): Promise<void> {
  const { exchange, journal, afterStep } = context;
  const artefacts: Erased[] = [];
  for (const { round, updates } of own) {
    const update = updates.find((one) => one.datasetId === datasetId)!;
    const forgotten = await exchange.forget(update.artefact, {
      context: updateContext(update),
      putAs: { studyId, round: round.round, subject: datasetId },
    });
    artefacts.push({ round: round.round, sha256: update.artefact.sha256, ...forgotten });
  }
  journal.forgetUpdates(studyId, datasetId);
  afterStep('erasure: done');
  try {
    await submit(context, 'study:attestErasure', {
      argument: { studyId, datasetId, artefacts },
      subject: datasetId,
    });
  } catch (error) {
    if (!(error instanceof GatewayProblem && SETTLED.has(error.code))) throw error;
  }
}
