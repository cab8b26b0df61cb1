// Tests whether ONNX Runtime on this machine convolves with blocked channels, and how large the blocks are. The
// operator is internal to the runtime (it rewrites models with constant weights to it), and its layout is not
// documented. So it is used only after a small convolution gave the right result.

import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { openSession } from '../runtime/onnx-runtime.ts';

const BLOCKS = [16, 8] as const;
const SIDE = 4;
const KERNEL = 2;

/** What `ops/conv-blocked.ts` asks of it: few channels, channels in blocks, and groups of one channel each. */
const CASES = [
  { channels: 2, filters: 32, group: 1, pad: 0 },
  { channels: 2, filters: 32, group: 2, pad: 0 },
  { channels: 32, filters: 32, group: 1, pad: 1 },
  { channels: 32, filters: 32, group: 32, pad: 0 },
] as const;
type Case = (typeof CASES)[number];

/** The case whose channels are in blocks. */
const WHOLE = 2;

const sidesOf = ({ pad }: Case): number => SIDE + 2 * pad - KERNEL + 1;
const shapesOf = (own: Case) => ({
  x: [1, own.channels, SIDE, SIDE],
  w: [own.filters, own.channels / own.group, KERNEL, KERNEL],
  y: [1, own.filters, sidesOf(own), sidesOf(own)],
});

/** A graph that convolves each case's x with w as they are and in blocks, and pools one both ways. */
function probe(): Uint8Array {
  const writer = new GraphWriter();
  const float = (name: string, shape: readonly number[]) => valueInfo(name, { elementType: 'float', shape });
  CASES.forEach(({ group, pad }, i) => {
    const attributes = { group, kernel_shape: [KERNEL, KERNEL], pads: [pad, pad, pad, pad] };
    writer.emitAs(`plain${i}`, 'Conv', [`x${i}`, `w${i}`], attributes);
    const product = writer.emitBlocked('Conv', [`blockedX${i}`, `blockedW${i}`], attributes);
    writer.emitAs(`blocked${i}`, 'Identity', [product]);
  });
  // Pools along one axis, as far as it reaches (`ops/max-pool.ts`).
  const pool = { kernel_shape: [1, KERNEL], pads: [0, 0, 0, 1] };
  const { x: pooled } = shapesOf(CASES[WHOLE]);
  writer.emitAs('plainPool', 'MaxPool', [`x${WHOLE}`], pool);
  writer.emitAs('blockedPool', 'Identity', [writer.emitBlocked('MaxPool', [`blockedX${WHOLE}`], pool)]);
  const shapes = CASES.map(shapesOf);
  return writer.finish({
    name: 'blocked-channels',
    inputs: shapes.flatMap(({ x, w }, i) => [
      float(`x${i}`, x),
      float(`w${i}`, w),
      float(`blockedX${i}`, x),
      float(`blockedW${i}`, w),
    ]),
    outputs: [
      ...shapes.flatMap(({ y }, i) => [float(`plain${i}`, y), float(`blocked${i}`, y)]),
      float('plainPool', pooled),
      float('blockedPool', pooled),
    ],
  });
}

/** [outer, block, size] to [outer, size, block]. */
function turn(values: Float32Array, size: number, block: number): Float32Array {
  return Float32Array.from(values, (_, i) => {
    const [outer, inner] = [Math.floor(i / (size * block)), i % (size * block)];
    return values[outer * size * block + (inner % block) * size + Math.floor(inner / block)]!;
  });
}

function inBlocks(own: Case, { x, w }: Record<'x' | 'w', Float32Array>, block: number) {
  const { channels, group } = own;
  const perGroup = channels / group;
  const blockedW = turn(w, perGroup * KERNEL ** 2, block);
  if (channels < block) return { x, w: blockedW };
  const blockedX = turn(x, SIDE ** 2, block);
  if (group > 1) return { x: blockedX, w: blockedW };
  // [filters / B, channels / B, B, kernel, B] to [..., kernel, B, B]: the filters of a block become its last axis but
  // one.
  const arranged = Float32Array.from(blockedW, (_, i) => {
    const rest = Math.floor(i / block);
    const [filter, tap] = [rest % block, Math.floor(rest / block) % KERNEL ** 2];
    const outer = Math.floor(rest / (block * KERNEL ** 2));
    return blockedW[((outer * block + filter) * KERNEL ** 2 + tap) * block + (i % block)]!;
  });
  return { x: blockedX, w: arranged };
}

async function find(): Promise<number> {
  const session = await openSession(probe(), { threads: 1 }).catch(() => undefined);
  if (session === undefined) return 0;
  try {
    // Small integers, whose sums are exact in any order.
    const integers = (shape: readonly number[]) =>
      Float32Array.from({ length: elementCount(shape) }, (_, i) => ((i * 7) % 11) - 5);
    for (const block of BLOCKS) {
      const inputs = CASES.flatMap((own, i) => {
        const { x, w } = shapesOf(own);
        const values = { x: integers(x), w: integers(w) };
        const blocked = inBlocks(own, values, block);
        const float = (shape: readonly number[], data: Float32Array) =>
          ({ type: 'float32', shape, data }) as const;
        return [
          [`x${i}`, float(x, values.x)],
          [`w${i}`, float(w, values.w)],
          [`blockedX${i}`, float(x, blocked.x)],
          [`blockedW${i}`, float(w, blocked.w)],
        ] as const;
      });
      const outputs = await session.run(Object.fromEntries(inputs));
      const isRight = (name: string | number, side: number) => {
        const actual = outputs[`blocked${name}`]!.data;
        const expected = turn(outputs[`plain${name}`]!.data as Float32Array, side ** 2, block);
        return expected.every((value, at) => value === actual[at]);
      };
      if (CASES.every((own, i) => isRight(i, sidesOf(own))) && isRight('Pool', SIDE)) return block;
    }
    return 0;
  } catch {
    return 0;
  } finally {
    await session.close();
  }
}

let found: Promise<number> | undefined;

/**
 * Channels of one block on this machine; 0 where there are no blocks, or where a model does not need them. The result
 * is constant within a process.
 */
export async function findBlockedChannels({ nodes }: Pick<ForwardModel, 'nodes'>): Promise<number> {
  if (!nodes.some(({ opType }) => opType === 'Conv')) return 0;
  found ??= find();
  return found;
}
