// Which ledger a demo or a judgement runs on.
export type LedgerNetwork = { readonly runtime: 'embedded' } | NativeLedger;

export interface NativeLedger {
  readonly runtime: 'native';
  readonly ordering: 'raft' | 'bft';
  /** One of ORDERERS; where absent, the first. */
  readonly orderers?: number;
}

/** How many orderers there may be. */
export const ORDERERS = { raft: [1, 3], bft: [4] } as const;

/** The `orderer` of a consortium.yaml that is ordered so. */
export const ordererOf = ({ ordering, orderers }: NativeLedger) => ({
  ordering,
  ...(orderers !== undefined && { nodes: orderers }),
});
