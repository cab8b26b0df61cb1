// One member's attestation: the hash of the aggregate as it recomputes it from the included updates itself.
import type { RoundDossier, Study } from '@consilium/domain';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import { recomputeAggregate } from '../study/round-material.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

export async function attest(
  context: TrainerContext,
  { study, dossier }: { readonly study: Study; readonly dossier: RoundDossier },
): Promise<void> {
  const { studyId } = study;
  const { round } = dossier.round;
  const { plaintext, parametersSha256 } = await recomputeAggregate(context, { study, dossier });
  context.journal.keepAggregate(studyId, plaintext);
  context.afterStep('attest: recomputed');
  try {
    const argument = { studyId, round, parametersSha256 };
    await submit(context, 'round:attest', { argument, subject: context.mspId });
  } catch (error) {
    // A public fact that this trainer recorded before a crash: there is nothing to compare or to lose.
    if (!(error instanceof GatewayProblem && error.code === 'ATTESTATION_EXISTS')) throw error;
  }
}
