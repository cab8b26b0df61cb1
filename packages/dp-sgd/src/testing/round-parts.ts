// Parts of a round that tests of other packages use.
export { runRound } from '../round.ts';
