// Which failures are followed by another try, and of what: one table, by how far a release had come. It is what keeps a
// failure from being a question that is put to the patients again and again until they answer otherwise.

/**
 * How far the one release of a (study, round, dataset, pool) has come.
 *
 * none: no patient has been drawn. drawing: patients may have been. drawn: the mechanism gave bytes, which are in
 * memory. written: they are in the journal.
 */
export type ReleaseStage = 'none' | 'drawing' | 'drawn' | 'written';

/** fails: the process lives on. dies: it does not. stops: its operator ends it, and it breaks off in good order. */
export type Ending = 'fails' | 'dies' | 'stops';

/**
 * draw: as if nothing had been. nobody: the mechanism runs on no patients and its release takes the place of theirs.
 * same: the bytes that there are.
 */
export type Next = 'draw' | 'nobody' | 'same';

/**
 * What follows, by stage and ending.
 *
 * Before the first patient is drawn, whatever fails (the ledger, IPFS, the disk, the file) says nothing of who would
 * have been. From then on a failure may be one patient's doing: it is an outcome, and nobody is drawn for it again.
 * That the operator stops the trainer is not the patients' doing, and nobody but the operator learns of it.
 */
export const RETRIES: Readonly<Record<ReleaseStage, Readonly<Record<Ending, Next>>>> = {
  none: { fails: 'draw', dies: 'draw', stops: 'draw' },
  drawing: { fails: 'nobody', dies: 'nobody', stops: 'draw' },
  drawn: { fails: 'same', dies: 'nobody', stops: 'nobody' },
  written: { fails: 'same', dies: 'same', stops: 'same' },
};

/** Every step of a round that a trainer says it has taken, with how far its releases are then: (update, score). */
export const STEPS_OF_A_ROUND: Readonly<Record<string, readonly [ReleaseStage, ReleaseStage]>> = {
  'round:open: written down': ['none', 'none'],
  'round:open: on the ledger': ['none', 'none'],
  'round:open: concluded': ['none', 'none'],
  'train: begun': ['drawing', 'none'],
  'train: drawn, not written down': ['drawn', 'none'],
  'train: written down': ['written', 'none'],
  'update: sealed and written down': ['written', 'none'],
  'round:recordUpdate: written down': ['written', 'none'],
  'round:recordUpdate: on the ledger': ['written', 'none'],
  'round:recordUpdate: concluded': ['written', 'none'],
  'update: charged': ['written', 'none'],
  'round:close: written down': ['written', 'none'],
  'round:close: on the ledger': ['written', 'none'],
  'round:close: concluded': ['written', 'none'],
  'update: put into IPFS': ['written', 'none'],
  'update: its CID written down': ['written', 'none'],
  'score: begun': ['written', 'drawing'],
  'score: drawn, not written down': ['written', 'drawn'],
  'score: written down': ['written', 'written'],
  'round:commitScore: written down': ['written', 'written'],
  'round:commitScore: on the ledger': ['written', 'written'],
  'round:commitScore: concluded': ['written', 'written'],
  'round:recordVerdict: written down': ['written', 'written'],
  'round:recordVerdict: on the ledger': ['written', 'written'],
  'round:recordVerdict: concluded': ['written', 'written'],
  'verdict: charged': ['written', 'written'],
  'round:tally: written down': ['written', 'written'],
  'round:tally: on the ledger': ['written', 'written'],
  'round:tally: concluded': ['written', 'written'],
  'attest: recomputed': ['written', 'written'],
  'round:attest: written down': ['written', 'written'],
  'round:attest: on the ledger': ['written', 'written'],
  'round:attest: concluded': ['written', 'written'],
  'finalize: recomputed': ['written', 'written'],
  'aggregate: sealed and written down': ['written', 'written'],
  'round:finalize: written down': ['written', 'written'],
  'round:finalize: on the ledger': ['written', 'written'],
  'round:finalize: concluded': ['written', 'written'],
  'aggregate: put into IPFS': ['written', 'written'],
  'aggregate: its CID written down': ['written', 'written'],
};
