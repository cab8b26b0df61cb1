// A hospital's file, read by its data dictionary into units of privacy.
export {
  type CsvFormat,
  DECIMAL_MARKS,
  DELIMITERS,
  describeFormat,
  ENCODINGS,
  type FormatOptions,
} from './csv-format.ts';
export {
  DATA_PROBLEMS,
  DataError,
  type DataProblem,
  type DataProblemCode,
  describeProblem,
} from './data-problem.ts';
export { encodeFeatures, readValue, type Value } from './encode-features.ts';
export { encodeRecord } from './encode-record.ts';
export { type PatientIdTable, patientIdAt } from './patient-ids.ts';
export { type Dataset, type DatasetWish, type EncodedRows, readDataset } from './read-dataset.ts';
export { scaleLabel, unscaleLabel } from './read-label.ts';
export { HELD_OUT_SHARE } from './salted-ids.ts';
export {
  divideDataset,
  heldOutFlags,
  heldOutFlagsInTurns,
  isHeldOut,
  type LabelledUnits,
  labelsByUnit,
  SIDES,
  type SplitDataset,
  splitDataset,
  type UnitOfPrivacy,
} from './split-patients.ts';
