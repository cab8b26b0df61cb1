// A hospital's file, read by its data dictionary into units of privacy.
export { commitmentBytes } from './commitment-bytes.ts';
export {
  DATA_PROBLEMS,
  DataError,
  type DataProblem,
  type DataProblemCode,
  describeProblem,
} from './data-problem.ts';
export { encodeFeatures, readValue, type Value } from './encode-features.ts';
export { encodeRecord } from './encode-record.ts';
export { type Dataset, type DatasetRow, datasetOf, type PatientUnit, readDataset } from './read-dataset.ts';
export { scaleLabel, unscaleLabel } from './read-label.ts';
export { parseTable, readTable } from './read-table.ts';
export { HELD_OUT_SHARE, isHeldOut, splitPatients } from './split-patients.ts';
export type { Table } from './table.ts';
