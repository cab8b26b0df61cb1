// A dataset's units as training takes them: one object for as long as the dataset's are kept, so that what is known of
// them (a digest, numbers that are none) is found out once.
import type { TrainingUnits } from '@consilium/dp-sgd';
import type { LabelledUnits } from '../data/index.ts';

const converted = new WeakMap<LabelledUnits, TrainingUnits>();

/** The units with labels as float32. Nobody changes either from now on. */
export function trainingUnitsOf(labelled: LabelledUnits): TrainingUnits {
  const known = converted.get(labelled);
  if (known !== undefined) return known;
  const { labels, ...rows } = labelled;
  const units = { ...rows, labels: Float32Array.from(labels) };
  converted.set(labelled, units);
  return units;
}
