// The rows of one hospital's units as tables, from which a step loop gathers the batches of its steps: made once, they
// hold all that does not depend on the parameters.
import type { RowTable, StepLoop, TensorValue } from '../onnx/index.ts';
import { isUsableUnit, type TrainingUnits, unitCount } from './training-units.ts';

type Fill = (row: number, x: Float32Array) => void;

/** The tables of a loop that clips to C; rows of units that are not usable are empty. */
export function fillTables(
  { tables, features, inputShape, parameterCount, linear }: StepLoop,
  units: TrainingUnits,
  clipNormL2: number,
): Record<string, TensorValue> {
  const lines = units.labels.length + 1;
  const fill = ({ kind }: RowTable): TensorValue => {
    switch (kind) {
      case 'features': {
        const data = new Float32Array(lines * features);
        forUsableRows(units, (row, x) => data.set(x, row * features));
        return { type: 'float32', data, shape: [lines, ...inputShape] };
      }
      case 'label':
        return column(new Float32Array(lines), (data) =>
          forUsableRows(units, (row) => {
            data[row] = units.labels[row]!;
          }),
        );
      case 'mask':
        return column(new Float32Array(lines), (data) =>
          forUsableRows(units, (row) => {
            data[row] = 1;
          }),
        );
      case 'squared-norm':
        return column(new Float64Array(lines), (data) =>
          forUsableRows(units, (row, x) => {
            data[row] = squaredNorm(x);
          }),
        );
      case 'bound':
        return column(new Float64Array(lines), (data) =>
          forUsableRows(units, (row, x) => {
            const offsets = linear!.filter((part) => part === 'offset').length;
            data[row] = clipNormL2 / Math.sqrt(squaredNorm(x) + offsets);
          }),
        );
      case 'extended': {
        const data = new Float64Array(lines * parameterCount);
        forUsableRows(units, (row, x) => {
          let at = row * parameterCount;
          for (const part of linear!) {
            if (part === 'features') data.set(x, at);
            else data[at] = 1;
            at += part === 'features' ? features : 1;
          }
        });
        return { type: 'float64', data, shape: [lines, parameterCount] };
      }
    }
  };
  return Object.fromEntries(tables.map((table) => [table.input, fill(table)]));
}

function column(
  data: Float32Array | Float64Array,
  fill: (data: Float32Array | Float64Array) => void,
): TensorValue {
  fill(data);
  return { type: data instanceof Float32Array ? 'float32' : 'float64', data, shape: [data.length, 1] };
}

const squaredNorm = (x: Float32Array): number => x.reduce((sum, value) => sum + value * value, 0);

function forUsableRows(units: TrainingUnits, visit: Fill): void {
  const { featureCount, features, rowOffsets } = units;
  for (let unit = 0; unit < unitCount(units); unit++) {
    if (!isUsableUnit(units, unit)) continue;
    for (let row = rowOffsets[unit]!; row < rowOffsets[unit + 1]!; row++) {
      visit(row, features.subarray(row * featureCount, (row + 1) * featureCount));
    }
  }
}
