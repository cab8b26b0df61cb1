// ReduceMean and ReduceSum over a row's axes, and GlobalAveragePool: y = Σ x / n or Σ x; dx = dy, spread back.

import { elementCount } from '../format/tensor-data.ts';
import { givenAxes, reducing, spatialAxes } from './reduction.ts';
import { emitRowMean, emitRowSum } from './row-sums.ts';

const SUM: Parameters<typeof reducing>[2] = {
  emit: emitRowSum,
  emitGradient: (writer, { sizes }, { gradient }) => writer.emit('Expand', [gradient, writer.int64s(sizes)]),
};

const MEAN: typeof SUM = {
  emit: emitRowMean,
  emitGradient(writer, input, output) {
    const count = elementCount(input.axes.map((axis) => input.sizes[axis]!));
    const gradient = writer.emit('Mul', [output.gradient, writer.float(1 / count)]);
    return SUM.emitGradient(writer, input, { ...output, gradient });
  },
};

export const reduceMean = reducing('ReduceMean', givenAxes, MEAN);
export const reduceSum = reducing('ReduceSum', givenAxes, SUM);
export const globalAveragePool = reducing('GlobalAveragePool', spatialAxes, MEAN);
