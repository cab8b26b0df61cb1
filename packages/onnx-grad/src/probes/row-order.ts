// Tests in which order the runtime's product of two float32 matrices adds its rows. The order is not documented, and
// the rounding that is charged (`dp-sgd/sensitivity.ts`) depends on it. It shows in which small numbers a large number
// absorbs (Xie et al. 2024, "FPRev").

import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { BLOCK_ROWS, emitRowProduct, type ProductWidths } from '../lowering/block-sums.ts';
import type { StepGraph } from '../lowering/step-graph.ts';
import { type OnnxSession, openSession } from '../runtime/onnx-runtime.ts';

/** A number that absorbs every small one that is added to it. */
const LARGE = 2 ** 60;

interface Product extends ProductWidths {
  readonly rows: number;
  /** Σ_r left_r right_rᵀ, [left width, right width], of matrices [rows, width]. */
  multiply(left: Float32Array, right: Float32Array): Promise<ArrayLike<number>>;
}

/**
 * Where all terms of a sum are 1 but those of rows a and b, which are ±LARGE: what comes out in order. All ones are
 * absorbed that are added to the sum of one of the two before they meet: those of all rows up to the later one, of its
 * own block if both are in one block, and otherwise of all blocks up to its own.
 */
function leftInOrder(a: number, b: number, rows: number): number {
  const later = Math.max(a, b);
  const start = later - (later % BLOCK_ROWS);
  return rows - (Math.min(a, b) >= start ? later + 1 - start : Math.min(rows, start + BLOCK_ROWS));
}

/**
 * Whether each value of the product is the sum over rows of which each block's are added one by one from the first to
 * the last, and the blocks' sums likewise.
 *
 * The first row of each block is paired with all other rows, a pair for each value; the number of rows that are added
 * before a pair meets, for all these pairs, leaves no other order of additions.
 */
export async function isInOrder({ rows, left, right, multiply }: Product): Promise<boolean> {
  const blocks = Math.ceil(rows / BLOCK_ROWS);
  const [a, b] = [new Float32Array(rows * left).fill(1), new Float32Array(rows * right).fill(1)];
  /** Sets the entry of one row in each column. */
  const mark = (matrix: Float32Array, indices: Uint32Array, value: number) =>
    indices.forEach((row, column) => {
      matrix[row * indices.length + column] = value;
    });
  for (let firstBlock = 0; firstBlock < blocks; firstBlock += left) {
    const starts = Uint32Array.from({ length: left }, (_, i) => ((firstBlock + i) % blocks) * BLOCK_ROWS);
    mark(a, starts, LARGE);
    for (let firstRow = 0; firstRow < rows; firstRow += right) {
      const others = Uint32Array.from({ length: right }, (_, i) => (firstRow + i) % rows);
      mark(b, others, -LARGE);
      const sum = await multiply(a, b);
      mark(b, others, 1);
      for (let i = 0; i < sum.length; i++) {
        const [one, other] = [starts[Math.floor(i / right)]!, others[i % right]!];
        if (one !== other && sum[i] !== leftInOrder(one, other, rows)) return false;
      }
    }
    mark(a, starts, 1);
  }
  return true;
}

function openProduct(rows: number, widths: ProductWidths, threads: number): Promise<OnnxSession> {
  const writer = new GraphWriter();
  const { left, right } = widths;
  const product = { left: 'left', right: 'right', rows, widths };
  writer.emitAs('sum', 'Identity', [emitRowProduct(writer, product)]);
  const float = (name: string, shape: readonly number[]) => valueInfo(name, { elementType: 'float', shape });
  const bytes = writer.finish({
    name: 'row-product',
    inputs: [float('left', [rows, left]), float('right', [rows, right])],
    outputs: [float('sum', [left, right])],
  });
  return openSession(bytes, { threads });
}

/** Answers that are kept: each is of other sizes. */
const MOST_KEPT = 256;
const found = new Map<string, Promise<boolean>>();

/**
 * Whether ONNX Runtime on this machine adds the rows of a product in order, with this many threads.
 *
 * The order follows from the sizes of the matrices and the number of threads alone, so that it is looked at once in a
 * process.
 */
export function addsRowsInOrder(rows: number, widths: ProductWidths, threads: number): Promise<boolean> {
  const key = [rows, widths.left, widths.right, threads].join(' ');
  const known = found.get(key);
  if (known !== undefined) return known;
  const looked = lookAtOrder(rows, widths, threads);
  found.set(key, looked);
  // What failed is tried again.
  looked.catch(() => found.delete(key));
  const [oldest] = found.keys();
  if (found.size > MOST_KEPT && oldest !== undefined) found.delete(oldest);
  return looked;
}

async function lookAtOrder(rows: number, widths: ProductWidths, threads: number): Promise<boolean> {
  const session = await openProduct(rows, widths, threads);
  const { left, right } = widths;
  const matrix = (data: Float32Array, width: number) =>
    ({ type: 'float32', shape: [rows, width], data }) as const;
  try {
    return await isInOrder({
      ...{ rows, left, right },
      async multiply(a, b) {
        const { sum } = await session.run({ left: matrix(a, left), right: matrix(b, right) });
        return sum!.data;
      },
    });
  } finally {
    await session.close();
  }
}

/**
 * Whether all sums over units that a step graph takes in float may be one product each, since their units are added in
 * order. False for a graph of one block, which does not need it.
 */
export async function addsUnitsInOrder(
  { floatProducts, units }: Pick<StepGraph, 'floatProducts' | 'units'>,
  threads: number,
): Promise<boolean> {
  if (units <= BLOCK_ROWS || floatProducts.length === 0) return false;
  for (const widths of floatProducts) {
    if (widths === undefined || !(await addsRowsInOrder(units, widths, threads))) return false;
  }
  return true;
}
