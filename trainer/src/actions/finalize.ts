// Makes the aggregate the next model: seals it for the study's members and proposes its hash. Its bytes follow once the
// ledger names it.
import type { RoundDossier, Study } from '@consilium/domain';
import { aggregateContext } from '../artefacts/artefact-exchange.ts';
import { readersOfModel } from '../artefacts/artefact-readers.ts';
import { TrainerError } from '../errors.ts';
import { recomputeAggregate } from '../study/round-material.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

/** @throws TrainerError TRAINER_AGGREGATE_DIFFERS where the attested hash is not the one recomputed here */
export async function finalize(
  context: TrainerContext,
  {
    study,
    dossier,
    parametersSha256: agreed,
  }: { readonly study: Study; readonly dossier: RoundDossier; readonly parametersSha256: string },
): Promise<void> {
  const { studyId } = study;
  const { round } = dossier.round;
  const { plaintext, parametersSha256 } = await recomputeAggregate(context, { study, dossier });
  if (parametersSha256 !== agreed) throw new TrainerError('TRAINER_AGGREGATE_DIFFERS');
  context.afterStep('finalize: recomputed');
  const consents = await context.ledger.listConsents(studyId);
  const artefact = await context.exchange.seal({
    key: { studyId, round, subject: 'aggregate of the round' },
    plaintext,
    context: aggregateContext(studyId),
    readers: readersOfModel({ study, consents, participants: dossier.round.participants }),
  });
  await submit(context, 'round:finalize', {
    argument: { studyId, round, aggregate: { artefact, parametersSha256 } },
  });
}
