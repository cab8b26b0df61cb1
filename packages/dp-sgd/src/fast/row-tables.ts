// The rows of one hospital's units as tables and columns, from which a step loop takes its batches. They are built once
// and hold all that does not depend on the parameters. The last line of each is empty, for padding, and so are the
// lines of units that are not usable.
import type { TensorValue } from '@consilium/onnx-grad';
import type { RowColumn, RowTable, StepLoop } from '@consilium/onnx-grad/step';
import { type PreparedUnits, type TrainingUnits, unitCount } from '../training-units.ts';

/** The clip norm and the scale of a loop's rows. */
export interface RowScale {
  readonly clipNormL2: number;
  readonly latticePerUnit: number;
}

export const lineCount = ({ labels }: TrainingUnits): number => labels.length + 1;

/** One of a loop's tables. */
export function rowTable(
  table: RowTable,
  units: PreparedUnits,
  loop: Pick<StepLoop, 'inputShape' | 'features' | 'parameterCount' | 'linear'> & RowScale,
): TensorValue {
  const { inputShape, features, parameterCount, linear, latticePerUnit } = loop;
  const lines = lineCount(units);
  if (table === 'featureTable') {
    const data = new Float32Array(lines * features);
    visitUsableRows(units, (row, x) => data.set(x, row * features));
    return { type: 'float32', data, shape: [lines, ...inputShape] };
  }
  const data = new Float64Array(lines * parameterCount);
  visitUsableRows(units, (row, x) => {
    let at = row * parameterCount;
    for (const part of linear!) {
      if (part === 'offset') data[at++] = latticePerUnit;
      else for (const value of x) data[at++] = value * latticePerUnit;
    }
  });
  return { type: 'float64', data, shape: [lines, parameterCount] };
}

/** One number for each row, in a loop's column. */
export function rowColumn(
  column: RowColumn,
  units: PreparedUnits,
  { linear, clipNormL2 }: Pick<StepLoop, 'linear'> & RowScale,
): Float32Array | Float64Array {
  const lines = lineCount(units);
  const isFloat = column === 'labels' || column === 'masks';
  const data = isFloat ? new Float32Array(lines) : new Float64Array(lines);
  const offsets = linear?.filter((part) => part === 'offset').length ?? 0;
  const numberOf = (row: number): number => {
    switch (column) {
      case 'labels':
        return units.labels[row]!;
      case 'masks':
        return 1;
      case 'squaredNorms':
        return units.rowSquares[row]!;
      case 'lowerBounds':
        return -clipNormL2 / Math.sqrt(units.rowSquares[row]! + offsets);
      case 'upperBounds':
        return clipNormL2 / Math.sqrt(units.rowSquares[row]! + offsets);
    }
  };
  visitUsableRows(units, (row) => {
    data[row] = numberOf(row);
  });
  return data;
}

function visitUsableRows(units: PreparedUnits, visit: (row: number, x: Float32Array) => void): void {
  const { featureCount, features, rowOffsets, isUnusable } = units;
  for (let unit = 0; unit < unitCount(units); unit++) {
    if (isUnusable[unit] === 1) continue;
    for (let row = rowOffsets[unit]!; row < rowOffsets[unit + 1]!; row++) {
      visit(row, features.subarray(row * featureCount, (row + 1) * featureCount));
    }
  }
}
