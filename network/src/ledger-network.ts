// Which ledger a demo or a judgement runs on.
export type LedgerNetwork =
  | { readonly runtime: 'embedded' }
  | { readonly runtime: 'native'; readonly ordering: 'raft' | 'bft' };
