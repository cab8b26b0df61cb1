// Parts of a round that tests of other packages look into.
export { runRound } from '../round.ts';
