// Opens the next round. All who take part in it must be able to read its base: where a member joined after that was
// sealed, or has a key now and had none then, the opener seals the same parameters again for all that read them. It
// also does so where the member that named the artefact may have lied about it: an opener needs no artefact of
// parameters that it recomputed itself.
import { type ArtefactRef, nextBase, type ParametersRef, type Study } from '@consilium/domain';
import { aggregateContext } from '../artefacts/artefact-exchange.ts';
import { readersOfModel, readersOfUpdate } from '../artefacts/artefact-readers.ts';
import { TrainerError, type TrainerErrorCode } from '../errors.ts';
import type { StudyState } from '../study/ledger-state.ts';
import { mostAggregateBytes, sharedModelBytes } from '../study/round-material.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

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
  const isHeld = context.journal.aggregate(study.studyId, ref.parametersSha256) !== undefined;
  // Its members may have been unable to open what it started from, whatever the header says.
  const hasFailed = latest.round.state === 'aborted' && isHeld;
  if (!doubtful && !hasFailed) return undefined;
  const missing = hasFailed ? readers : await missingReaders(context, { study, ref, readers, isHeld });
  if (missing.length === 0) return undefined;
  context.log.info(
    { studyId: study.studyId, round, missing },
    'sealing the base again for members that may be unable to read it',
  );
  return reseal(context, { study, ref, round, readers });
}

/** What a named artefact is where its bytes are not those, or are nowhere. */
const NOT_THERE = new Set<TrainerErrorCode>([
  'TRAINER_ARTEFACT_UNREACHABLE',
  'TRAINER_ARTEFACT_HASH_MISMATCH',
  'TRAINER_ARTEFACT_MALFORMED',
]);

async function missingReaders(
  { exchange, models }: TrainerContext,
  of: {
    readonly study: Study;
    readonly ref: ParametersRef;
    readonly readers: readonly string[];
    readonly isHeld: boolean;
  },
): Promise<readonly string[]> {
  const { study, ref, readers, isHeld } = of;
  const plaintextBytes = mostAggregateBytes(study, await models.of(study));
  try {
    return await exchange.missingReaders(ref.artefact, { readers, plaintextBytes });
  } catch (error) {
    if (isHeld && error instanceof TrainerError && NOT_THERE.has(error.code)) return readers;
    throw error;
  }
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
