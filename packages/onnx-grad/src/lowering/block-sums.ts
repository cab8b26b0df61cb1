// Sums over the rows of a batch in float32, in an order for which rounding is small and known: blocks of few rows are
// summed first, and then the sums of the blocks. Where the runtime's own product over all rows does exactly that
// (`row-order.ts`), it is used. Otherwise each block is a product, and their sums are added in pairs, pairs of pairs,
// and so on.
import type { GraphWriter } from '../format/graph-writer.ts';

/** Largest number of rows in one block. The rounding within a block grows with its square. */
export const BLOCK_ROWS = 128;

/** A product over rows, Σ left_r right_rᵀ, by the widths of its factors. */
export interface ProductWidths {
  readonly left: number;
  readonly right: number;
}

export interface RowProduct {
  /** Float [rows, left width]. */
  readonly left: string;
  /** Float [rows, right width]. */
  readonly right: string;
  readonly rows: number;
  readonly widths: ProductWidths;
  /** Whether the runtime is known to add the rows of this product in order. */
  readonly isInOrder?: boolean;
  /** Which axis of `right` has the rows; 0 by default, or 1 for a column and [planes, rows, width]. */
  readonly axis?: number;
}

const emitTransposedProduct = (writer: GraphWriter, left: string, right: string) =>
  writer.emit('Gemm', [left, right], { transA: 1 });

/** So many columns of the right matrix at a time are multiplied with all of the left one. */
const COLUMNS_AT_ONCE = 128;

/**
 * Emits the one product over all rows, float [left width, right width].
 *
 * A matrix that the runtime would transpose again for each 128 columns of the right one is transposed by itself, once:
 * as three axes, since a transposition of two would be made a part of the product again.
 */
export function emitRowProduct(
  writer: GraphWriter,
  { left, right, rows, widths }: Pick<RowProduct, 'left' | 'right' | 'rows' | 'widths'>,
): string {
  if (widths.left === 1 || widths.right <= COLUMNS_AT_ONCE) return emitTransposedProduct(writer, left, right);
  const planes = writer.reshape(left, [1, rows, widths.left]);
  const transposed = writer.emit('Transpose', [planes], { perm: [0, 2, 1] });
  return writer.emit('Gemm', [writer.reshape(transposed, [widths.left, rows]), right]);
}

export const blocksOf = (rows: number): number => Math.ceil(rows / BLOCK_ROWS);

/**
 * Emits Σ_r left_r right_rᵀ over the rows, float [left width, right width], or that of each plane.
 *
 * Unless the rows are added in order: a row reaches the sum through the product of its block, one of `blocksOf(rows)`
 * of nearly one size, and at most ⌈log₂ blocks⌉ additions; what these add up to on the way are sums of at most
 * 3 · blocks blocks in all. At no time are more than ⌈log₂ blocks⌉ + 2 sums in memory.
 */
export function emitBlockSum(writer: GraphWriter, product: RowProduct): string {
  const { left, right, rows, widths, isInOrder, axis = 0 } = product;
  if (isInOrder) return emitRowProduct(writer, product);
  // A column is faster taken the other way round.
  const blockProduct = (a: string, b: string) =>
    widths.left === 1
      ? writer.emit('MatMul', [writer.reshape(a, [1, -1]), b])
      : emitTransposedProduct(writer, a, b);
  const blocks = blocksOf(rows);
  if (blocks === 1) return blockProduct(left, right);
  const ends = Array.from({ length: blocks + 1 }, (_, i) => Math.floor((i * rows) / blocks));
  const sizes = ends.slice(1).map((end, i) => end - ends[i]!);
  const cut = (value: string, along: number) =>
    writer.emitMany('Split', [value, writer.int64s(sizes)], blocks, { axis: along });
  const [lefts, rights] = [cut(left, 0), cut(right, axis)];
  const sum = (first: number, count: number): string => {
    if (count === 1) return blockProduct(lefts[first]!, rights[first]!);
    const half = Math.ceil(count / 2);
    return writer.emit('Add', [sum(first, half), sum(first + half, count - half)]);
  };
  return sum(0, blocks);
}
