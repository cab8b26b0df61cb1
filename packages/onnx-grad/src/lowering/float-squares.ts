// Squared norms in float32. Only short sums are in float: the squares of a long row are added in float within groups,
// which the runtime does several times as fast as in double, and the groups are added in double.
import type { GraphWriter } from '../format/graph-writer.ts';

/** Added to squared norms in float: more than all squares that underflow in a row of less than 2^26 values. */
export const SQUARES_FLOOR = 2 ** -100;

/** Longer rows are summed in groups. */
const WHOLE = 1024;
const MOST_IN_GROUP = 128;

/** How many squares of a row of `width` values are added in float. */
export function squaresInFloat(width: number): number {
  if (width < WHOLE) return width;
  let group = MOST_IN_GROUP;
  while (width % group !== 0) group--;
  return group;
}

/** Emits Σ value² + SQUARES_FLOOR for each row of a float [rows, width]: double [rows, 1]. */
export function emitFloatSquares(
  writer: GraphWriter,
  { value, rows, width }: { readonly value: string; readonly rows: number; readonly width: number },
): string {
  const group = squaresInFloat(width);
  const axis = writer.int64s([1]);
  // The runtime's own sum of squares takes four times as long.
  let sum = writer.emit('Mul', [value, value]);
  if (group < width) sum = writer.reshape(sum, [rows, group, width / group]);
  sum = writer.emit('ReduceSum', [sum, axis], { keepdims: group < width ? 0 : 1 });
  sum = writer.emit('Cast', [sum], { to: 11 });
  if (group < width) sum = writer.emit('ReduceSum', [sum, axis], { keepdims: 1 });
  return writer.emit('Add', [sum, writer.doubleColumn(rows, SQUARES_FLOOR)]);
}
