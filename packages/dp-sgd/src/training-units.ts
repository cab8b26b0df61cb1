// The patients as training sees them: units of privacy, each with its rows, in flat arrays that are cheap to pass to a
// worker thread.
import type { labelRule } from '@consilium/onnx-grad';
import { LARGEST_FEATURE } from '@consilium/onnx-grad/step';
import { TrainingInputError } from './training-plan.ts';

/**
 * Rows of all units, unit after unit, in flat arrays. A unit is what privacy is for: a patient with all rows, or a
 * record.
 */
export interface TrainingUnits {
  readonly featureCount: number;
  /** [units + 1]: unit u has the rows from rowOffsets[u] up to, not including, rowOffsets[u + 1]. */
  readonly rowOffsets: Uint32Array;
  /** [rows · featureCount], row by row. */
  readonly features: Float32Array;
  /** [rows]: 0 or 1, the number of a class, or any number, as the loss needs. */
  readonly labels: Float32Array;
}

/** One row: features as the graph takes them, and the label as the loss needs it. */
export interface LabelledRow {
  readonly features: ArrayLike<number>;
  readonly label: number;
}

/** How many units there are: patients, or records. */
export function unitCount(units: TrainingUnits): number {
  return units.rowOffsets.length - 1;
}

/** Units, and what training needs to know of their rows: found out once, whatever is trained on them. */
export interface PreparedUnits extends TrainingUnits {
  /**
   * [units]: 1 for a unit of which a feature or label is no number up to LARGEST_FEATURE in size, and otherwise 0. Such
   * a unit is left out of every step.
   */
  readonly isUnusable: Uint8Array;
  /** ‖x‖² of each row. */
  readonly rowSquares: Float64Array;
}

/** What came from `prepareUnits` itself: a copy with other arrays does not count, nor what another process sent. */
const PREPARED = new WeakSet<TrainingUnits>();

const isPrepared = (units: TrainingUnits): units is PreparedUnits => PREPARED.has(units);

/** The units with what is known of them, which is found out here unless it was before. Their arrays must not change. */
export function prepareUnits(units: TrainingUnits): PreparedUnits {
  if (isPrepared(units)) return units;
  const { featureCount, rowOffsets, features, labels } = units;
  const own = { featureCount, rowOffsets, features, labels };
  const prepared = { ...own, isUnusable: unusableUnits(own), rowSquares: squaresOfRows(own) };
  PREPARED.add(prepared);
  return prepared;
}

function unusableUnits({ featureCount, features, labels, rowOffsets }: TrainingUnits): Uint8Array {
  const isUnusable = new Uint8Array(rowOffsets.length - 1);
  for (let unit = 0; unit < isUnusable.length; unit++) {
    const [first, end] = [rowOffsets[unit]!, rowOffsets[unit + 1]!];
    const isUsable =
      areWithin(features, first * featureCount, end * featureCount) && areWithin(labels, first, end);
    isUnusable[unit] = isUsable ? 0 : 1;
  }
  return isUnusable;
}

function areWithin(values: Float32Array, first: number, end: number): boolean {
  // No number is not within either.
  for (let i = first; i < end; i++) if (!(Math.abs(values[i]!) <= LARGEST_FEATURE)) return false;
  return true;
}

/** ‖x‖² of the numbers from `first` on, whose bits depend on them alone. */
function squaredNorm(values: Float32Array, first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += values[i]! * values[i]!;
  return sum;
}

function squaresOfRows({ featureCount, features, labels }: TrainingUnits): Float64Array {
  const squares = new Float64Array(labels.length);
  for (let row = 0; row < squares.length; row++) {
    squares[row] = squaredNorm(features, row * featureCount, (row + 1) * featureCount);
  }
  return squares;
}

/** Units from rows grouped by patient. @throws TrainingInputError for a row of another length */
export function packUnits(featureCount: number, grouped: readonly (readonly LabelledRow[])[]): TrainingUnits {
  const rows = grouped.flat();
  const features = new Float32Array(rows.length * featureCount);
  rows.forEach((row, i) => {
    if (row.features.length !== featureCount) {
      throw new TrainingInputError(`every row must have ${featureCount} features`);
    }
    features.set(row.features, i * featureCount);
  });
  const rowOffsets = new Uint32Array(grouped.length + 1);
  grouped.forEach((unit, u) => {
    rowOffsets[u + 1] = rowOffsets[u]! + unit.length;
  });
  return { featureCount, rowOffsets, features, labels: Float32Array.from(rows, ({ label }) => label) };
}

/**
 * Refuses units that do not fit the model or the plan.
 *
 * Features may be NaN or infinite, or beyond LARGEST_FEATURE: such a unit contributes nothing to a step.
 *
 * @throws TrainingInputError
 */
export function checkTrainingUnits(
  units: TrainingUnits,
  limits: {
    readonly features: number;
    readonly rowsPerUnit: number;
    readonly units: number;
    readonly labels: ReturnType<typeof labelRule>;
  },
): void {
  const { featureCount, rowOffsets, features, labels } = units;
  if (featureCount !== limits.features) {
    throw new TrainingInputError(`rows have ${featureCount} features, the model takes ${limits.features}`);
  }
  const count = unitCount(units);
  if (count < 0 || count > limits.units) {
    throw new TrainingInputError(`at most ${limits.units} patients can be trained on`);
  }
  if (rowOffsets[0] !== 0 || rowOffsets[count] !== labels.length) {
    throw new TrainingInputError('rowOffsets must start at 0 and end at the number of rows');
  }
  if (features.length !== labels.length * featureCount) {
    throw new TrainingInputError('there must be featureCount features for every label');
  }
  for (let unit = 0; unit < count; unit++) {
    const rows = rowOffsets[unit + 1]! - rowOffsets[unit]!;
    if (rowOffsets[unit + 1]! < rowOffsets[unit]!) throw new TrainingInputError('rowOffsets must not fall');
    if (rows > limits.rowsPerUnit) {
      throw new TrainingInputError(
        `a patient has more than ${limits.rowsPerUnit} rows: raise rowsPerUnit or keep fewer rows`,
      );
    }
  }
  if (!labels.every((label) => limits.labels.isValid(label))) {
    throw new TrainingInputError(`every label must be ${limits.labels.wanted}`);
  }
}
