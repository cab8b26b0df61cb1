// The life of a round, as data. The diagram in docs/ is tested against this table.
/** The states of a round. `finalized` and `aborted` are final. */
export const ROUND_STATES = ['training', 'validating', 'aggregating', 'finalized', 'aborted'] as const;
export type RoundState = (typeof ROUND_STATES)[number];
export const ROUND_EVENTS = ['close', 'tally', 'finalize', 'abort'] as const;
export type RoundEvent = (typeof ROUND_EVENTS)[number];

/**
 * training: updates arrive. close: all have arrived, or the deadline passed with a quorum.
 * validating: verdicts arrive. tally: all have arrived, or the deadline passed with a quorum.
 * aggregating: each member recomputes the aggregate and attests its hash; finalize needs N of them.
 */
export const ROUND_TRANSITIONS: readonly { from: RoundState; event: RoundEvent; to: RoundState }[] = [
  { from: 'training', event: 'close', to: 'validating' },
  { from: 'training', event: 'abort', to: 'aborted' },
  { from: 'validating', event: 'tally', to: 'aggregating' },
  { from: 'validating', event: 'abort', to: 'aborted' },
  { from: 'aggregating', event: 'finalize', to: 'finalized' },
  { from: 'aggregating', event: 'abort', to: 'aborted' },
];
