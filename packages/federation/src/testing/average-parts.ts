// Parts of the average over rounds that tests of other packages use.
export { averagedParameters, initialAverage, takeIntoAverage } from '../round-average.ts';
