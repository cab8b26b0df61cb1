// Products of rows by a matrix, of which every bit depends on the row alone. The runtime's own product by a matrix of
// one column processes several rows at once and rounds the last few differently (`row-products.test.ts`). So a column
// is passed as a row, and transposed by the product itself.
import type { GraphWriter } from '../format/graph-writer.ts';

export interface RowProductOfWeight {
  /** Float [rows, inner]. */
  readonly rows: string;
  /** Float [inner, outer], or [outer, inner] where it is transposed. */
  readonly weight: string;
  readonly inner: number;
  readonly outer: number;
  readonly isTransposed: boolean;
  /** Added to each row. */
  readonly offset?: string | undefined;
}

/** Emits rows · weight + offset, float [rows, outer]. */
export function emitProduct(writer: GraphWriter, product: RowProductOfWeight): string {
  const { rows, weight, inner, outer, isTransposed, offset } = product;
  const others = offset === undefined ? [] : [offset];
  if (outer > 1 || isTransposed) {
    return writer.emit('Gemm', [rows, weight, ...others], { transB: isTransposed ? 1 : 0 });
  }
  return writer.emit('Gemm', [rows, writer.reshape(weight, [1, inner]), ...others], { transB: 1 });
}
