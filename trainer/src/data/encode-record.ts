// A record by feature name (as a hospital system sends it for a prediction) to a model's input.
import type { Dictionary } from '@consilium/domain';
import { DataError, type DataProblem, problem } from './data-problem.ts';
import { encodeFeatures, readValue, type Value } from './encode-features.ts';

/**
 * The model's input for one record; a feature that is absent or null is missing.
 *
 * @param line 1-based position of the record, for the problems
 * @throws DataError naming every feature that is unknown or does not fit
 */
export function encodeRecord(
  record: Readonly<Record<string, unknown>>,
  dictionary: Dictionary,
  line = 1,
): Float32Array {
  const problems: DataProblem[] = Object.keys(record)
    .filter((name) => !dictionary.features.some((feature) => feature.name === name))
    .map((column) => problem('FEATURE_UNKNOWN', { line, column }));
  const values = dictionary.features.map((feature): Value => {
    const given = record[feature.name];
    const read = readValue(
      given === null || given === undefined ? '' : String(given).trim(),
      feature,
      dictionary,
    );
    if ('value' in read) return read.value;
    problems.push(problem(read.code, { line, column: feature.name }));
    return null;
  });
  if (problems.length > 0) throw new DataError(problems);
  return encodeFeatures(values, dictionary);
}
