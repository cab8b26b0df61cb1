// ReduceMax, ReduceMin and GlobalMaxPool over a row's axes: dx = dy at the extreme value, in equal parts where several
// are equal, as in PyTorch's amax.
//
// How the runtime's own reductions treat NaN depends on the address at which a row begins. So extremes are computed
// pairwise, in halves.
import type { GraphWriter } from '../format/graph-writer.ts';
import { givenAxes, reducing, spatialAxes } from './reduction.ts';
import { emitRowSum, type RowSum } from './row-sums.ts';

/** The extreme over the axes given, which stay as axes of extent 1. */
function emitExtreme(writer: GraphWriter, op: 'Max' | 'Min', { value, sizes, axes }: RowSum): string {
  let current = value;
  for (const axis of axes) {
    const part = (start: number, end: number) =>
      writer.emit('Slice', [current, ...[[start], [end], [axis]].map((list) => writer.int64s(list))]);
    for (let extent = sizes[axis]!; extent > 1; extent = Math.ceil(extent / 2)) {
      // An odd one's middle is in both halves.
      const half = Math.ceil(extent / 2);
      current = writer.emit(op, [part(0, half), part(extent - half, extent)]);
    }
  }
  return current;
}

const extreme = (op: 'Max' | 'Min'): Parameters<typeof reducing>[2] => ({
  emit: (writer, input) => emitExtreme(writer, op, input),
  emitGradient(writer, { value, sizes, axes }, output) {
    const isExtreme = writer.emit('Cast', [writer.emit('Equal', [value, output.value])], { to: 1 });
    const count = emitRowSum(writer, { value: isExtreme, sizes, axes });
    return writer.emit('Mul', [isExtreme, writer.emit('Div', [output.gradient, count])]);
  },
});

export const reduceMax = reducing('ReduceMax', givenAxes, extreme('Max'));
export const reduceMin = reducing('ReduceMin', givenAxes, extreme('Min'));
export const globalMaxPool = reducing('GlobalMaxPool', spatialAxes, extreme('Max'));
