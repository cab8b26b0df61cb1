// What is wrong between the requests that clients were answered and the transactions that the ledger has: of a gateway
// that carries each request out once, nothing.

/** Of a request that was answered with success. */
export interface Accepted {
  readonly transactionId: string;
  readonly blockNumber: number;
}

export interface Faults {
  /** Accepted, and not on the ledger. */
  readonly missing: number;
  /** More than once on the ledger. */
  readonly twice: number;
  /** On the ledger under another transaction than the client was answered. */
  readonly underAnotherTransaction: number;
  /** On the ledger, and never answered with success, though its client asked until it was answered. */
  readonly notAccepted: number;
  /** Refused as a second one would be: the ledger takes the same request once, whatever a gateway sends. */
  readonly refused: number;
}

export function faultsOf(of: {
  /** By what was asked for. */
  readonly accepted: ReadonlyMap<string, Accepted>;
  readonly refused: readonly string[];
  /** Ids of valid transactions by what they are for. */
  readonly onLedger: ReadonlyMap<string, readonly string[]>;
}): Faults {
  const { accepted, refused, onLedger } = of;
  const count = <T>(all: Iterable<T>, is: (one: T) => boolean): number => [...all].filter(is).length;
  return {
    missing: count(accepted.keys(), (id) => !onLedger.has(id)),
    twice: count(onLedger.values(), ({ length }) => length > 1),
    underAnotherTransaction: count(
      accepted,
      ([id, { transactionId }]) => onLedger.has(id) && !onLedger.get(id)?.includes(transactionId),
    ),
    notAccepted: count(onLedger.keys(), (id) => !accepted.has(id)),
    refused: refused.length,
  };
}

export const isFaulty = (faults: Faults): boolean => Object.values(faults).some((number) => number > 0);
