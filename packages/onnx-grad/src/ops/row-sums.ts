// Sums over a row's axes, of which every bit depends on that row alone. ONNX Runtime's own reductions along the last
// axis do not have that property: the order of their additions depends on the address at which a row begins. So sums
// along trailing axes are products with a vector of ones, which have it (`row-sums.test.ts`).
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';

export interface RowSum {
  readonly value: string;
  /** The value's shape, rows first. */
  readonly sizes: readonly number[];
  /** From the front, never 0. */
  readonly axes: readonly number[];
}

/** Emits Σ value over the axes given, which stay as axes of extent 1. */
export function emitRowSum(writer: GraphWriter, { value, sizes, axes }: RowSum): string {
  const isSummed = (axis: number) => axes.includes(axis) || (axis > 0 && sizes[axis] === 1);
  let first = sizes.length;
  while (first > 1 && isSummed(first - 1)) first--;
  const trailing = elementCount(sizes.slice(first));
  let current = value;
  let shape = [...sizes];
  if (trailing > 1) {
    const flat = writer.reshape(value, [elementCount(sizes.slice(0, first)), trailing]);
    const ones = writer.ones(trailing);
    shape = sizes.map((size, axis) => (axis < first ? size : 1));
    current = writer.reshape(writer.emit('MatMul', [flat, ones]), shape);
  }
  const rest = axes.filter((axis) => axis < first && shape[axis] !== 1);
  if (rest.length === 0) return current;
  return writer.emit('ReduceSum', [current, writer.int64s(rest)], { keepdims: 1 });
}

/** Emits the mean of the value over the axes given, which stay as axes of extent 1. */
export function emitRowMean(writer: GraphWriter, sum: RowSum): string {
  const count = elementCount(sum.axes.map((axis) => sum.sizes[axis]!));
  return writer.emit('Mul', [emitRowSum(writer, sum), writer.float(1 / count)]);
}
