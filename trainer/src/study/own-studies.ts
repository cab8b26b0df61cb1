// Which studies this hospital consented to, as the ledger lists them.
import { GatewayProblem } from '../gateway/gateway-client.ts';
import type { TrainerContext } from './trainer-context.ts';

type Context = Pick<TrainerContext, 'ledger' | 'mspId'>;

/** What a ledger or a gateway from before there was the list of open consents answers. */
const UNKNOWN_LIST: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'ROUTE_NOT_FOUND']);

/** With a consent that is not settled; undefined where the ledger or the gateway has no such list yet. */
export async function listOpenStudies({ ledger, mspId }: Context): Promise<readonly string[] | undefined> {
  try {
    return await ledger.listOpenConsents(mspId);
  } catch (error) {
    if (error instanceof GatewayProblem && UNKNOWN_LIST.has(error.code)) return undefined;
    throw error;
  }
}

/** All that it ever consented to, those from before the ledger listed open consents too. */
export async function listOwnStudies(context: Context): Promise<ReadonlySet<string>> {
  const open = await listOpenStudies(context);
  return new Set([...(open ?? []), ...(await context.ledger.listConsentedStudies(context.mspId))]);
}
