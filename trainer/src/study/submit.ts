// Sends one transaction so that a crash at any line neither loses nor repeats it: what is sent is written down
// first, and sent again under the same idempotency key until its outcome is known.
import { type Argument, canonicalJson } from '@consilium/domain';
import { GatewayProblem, type TrainerTransaction } from '../gateway/gateway-client.ts';
import type { TrainerContext } from './trainer-context.ts';

/**
 * @param subject tells apart transactions of one name in one round, such as a dataset id
 * @throws GatewayProblem where it was refused (nothing was written), TrainerError otherwise
 */
export async function submit<N extends TrainerTransaction>(
  context: Pick<TrainerContext, 'journal' | 'ledger' | 'afterStep' | 'log'>,
  name: N,
  { argument, subject = '' }: { readonly argument: Argument<N>; readonly subject?: string },
): Promise<void> {
  const { journal, ledger, afterStep, log } = context;
  const { studyId, round = 0 } = argument as { studyId: string; round?: number };
  const key = { studyId, round, name, subject };
  const { body, idempotencyKey } = journal.prepareSubmission(key, canonicalJson(argument));
  afterStep(`${name}: written down`);
  try {
    const { transactionId } = await ledger.submit(name, JSON.parse(body) as Argument<N>, idempotencyKey);
    log.info(
      { studyId, ...(round > 0 && { round }), transaction: name, transactionId },
      'recorded on the ledger',
    );
  } catch (error) {
    if (error instanceof GatewayProblem) journal.concludeSubmission(key, 'refused');
    throw error;
  }
  afterStep(`${name}: on the ledger`);
  journal.concludeSubmission(key, 'recorded');
  afterStep(`${name}: concluded`);
}
