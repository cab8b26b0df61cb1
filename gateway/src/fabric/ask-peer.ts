// Whose answer a read is. The own organisation's peers are asked first, and by name, so that the gateway can say so;
// the peer of another one only where the caller takes that, and no own one answers.
import { type Ledger, type LedgerCall, LedgerError, type LedgerErrorCode } from './ledger.ts';

export interface PeerAnswer {
  readonly found: unknown;
  /** The organisation whose peer answered; undefined where it is not known, as that of another one. */
  readonly mspId: string | undefined;
}

/** After these another peer may answer. */
const NOBODY_THERE: readonly LedgerErrorCode[] = ['LEDGER_UNAVAILABLE', 'ENDORSERS_UNAVAILABLE'];

/** @throws as Ledger.evaluate does */
export async function askPeer(
  ledger: Pick<Ledger, 'evaluate' | 'mspId'>,
  call: LedgerCall,
  { ownOnly }: { readonly ownOnly: boolean },
): Promise<PeerAnswer> {
  const { mspId } = ledger;
  try {
    return { found: await ledger.evaluate({ ...call, askedOf: [mspId] }), mspId };
  } catch (error) {
    const another = error instanceof LedgerError && NOBODY_THERE.includes(error.code) && !ownOnly;
    if (!another) throw error;
    return { found: await ledger.evaluate(call), mspId: undefined };
  }
}
