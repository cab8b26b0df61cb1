// Opens the next round. Whoever takes part in it must be able to read its base: where a member joined since that was
// sealed, or has a key now and had none then, the opener seals the same parameters again for all that read them.
import { type ArtefactRef, nextBase, type ParametersRef, type Study } from '@consilium/chaincode/domain';
import { aggregateContext } from '../artefact-exchange.ts';
import { readersOfModel, readersOfUpdate } from '../artefact-readers.ts';
import type { StudyState } from '../ledger-state.ts';
import { sharedModelBytes } from '../round-material.ts';
import { submit } from '../submit.ts';
import type { TrainerContext } from '../trainer-context.ts';

/** @throws TrainerError TRAINER_ARTEFACT_NOT_DECRYPTABLE where this member is itself new: another opens the round */
export async function openRound(
  context: TrainerContext,
  { state, round }: { readonly state: StudyState; readonly round: number },
): Promise<void> {
  const { studyId } = state.study;
  const base = await sealedAgain(context, { state, round });
  await submit(context, 'round:open', { argument: { studyId, round, ...(base !== undefined && { base }) } });
}

async function sealedAgain(
  context: TrainerContext,
  { state, round }: { readonly state: StudyState; readonly round: number },
): Promise<ArtefactRef | undefined> {
  const { study, consents, latest } = state;
  const ref = nextBase(latest?.round);
  if (ref === null || latest === undefined) return undefined;
  const readers = readersOfModel({ study, consents });
  const had = new Set(readersOfUpdate(latest.round));
  const sealedAt = latest.round.finalizedAt ?? latest.round.openedAt;
  const members = await context.ledger.listMembers();
  const doubtful = readers.some((mspId) => {
    const { keySince = '' } = members.find((member) => member.mspId === mspId) ?? {};
    return keySince > sealedAt || (!had.has(mspId) && mspId !== study.requester);
  });
  if (!doubtful) return undefined;
  const missing = await context.exchange.missingReaders(ref.artefact, readers);
  if (missing.length === 0) return undefined;
  context.log.info(
    { studyId: study.studyId, round, missing },
    'sealing the base again for members that joined',
  );
  return reseal(context, { study, ref, round, readers });
}

async function reseal(
  context: TrainerContext,
  of: {
    readonly study: Study;
    readonly ref: ParametersRef;
    readonly round: number;
    readonly readers: readonly string[];
  },
): Promise<ArtefactRef> {
  const { study, ref, round, readers } = of;
  const { studyId } = study;
  const model = await context.models.of(study);
  return context.exchange.seal({
    key: { studyId, round, subject: `base for ${readers.join(', ')}` },
    plaintext: await sharedModelBytes(context, { study, ref, model }),
    context: aggregateContext(studyId),
    readers,
  });
}
