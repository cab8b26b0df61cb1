// Finds out whether this machine's runtime convolves with channels in blocks, and how large the blocks are. The
// operator is the runtime's own (it rewrites models with constant weights to it); no model names it, and its layout is
// not promised. So it is used only where a small convolution has just come out right.
import type { ForwardModel } from './forward-model.ts';
import { GraphWriter, valueInfo } from './graph-writer.ts';
import { openSession } from './onnx-runtime.ts';

const BLOCKS = [16, 8] as const;
const CHANNELS = 2;
const SIDE = 4;
const KERNEL = 2;
const OUTPUT = SIDE - KERNEL + 1;
const FILTERS = 16;

/** A graph that convolves `x` with `w` as they are, and with `blocked` in blocks; in groups of one channel each too. */
function probe(): Uint8Array {
  const writer = new GraphWriter();
  const attributes = { group: 1, kernel_shape: [KERNEL, KERNEL] };
  const apart = { ...attributes, group: CHANNELS };
  writer.emitAs('plain', 'Conv', ['x', 'w'], attributes);
  writer.emitAs('plainApart', 'Conv', ['x', 'v'], apart);
  const names = [
    writer.emitBlocked('Conv', ['x', 'blockedW'], attributes),
    writer.emitBlocked('Conv', ['x', 'blockedV'], apart),
  ];
  writer.emitAs('inBlocks', 'Identity', [names[0]!]);
  writer.emitAs('inBlocksApart', 'Identity', [names[1]!]);
  const weights = [FILTERS, CHANNELS, KERNEL, KERNEL];
  const weightsApart = [FILTERS * CHANNELS, 1, KERNEL, KERNEL];
  const float = (name: string, shape: readonly number[]) => valueInfo(name, { elementType: 'float', shape });
  return writer.finish({
    name: 'blocked-channels',
    inputs: [
      float('x', [1, CHANNELS, SIDE, SIDE]),
      float('w', weights),
      float('blockedW', weights),
      float('v', weightsApart),
      float('blockedV', weightsApart),
    ],
    outputs: [
      float('plain', [1, FILTERS, OUTPUT, OUTPUT]),
      float('plainApart', [1, FILTERS * CHANNELS, OUTPUT, OUTPUT]),
      float('inBlocks', [1, FILTERS, OUTPUT, OUTPUT]),
      float('inBlocksApart', [1, FILTERS * CHANNELS, OUTPUT, OUTPUT]),
    ],
  });
}

/** [channels, size] to [channels / block, size, block]. */
function toBlocks(values: Float32Array, size: number, block: number): Float32Array {
  return Float32Array.from(values, (_, i) => {
    const [outer, inner] = [Math.floor(i / (size * block)), i % (size * block)];
    return values[(outer * block + (inner % block)) * size + Math.floor(inner / block)]!;
  });
}

async function find(): Promise<number> {
  const session = await openSession(probe(), { threads: 1 }).catch(() => undefined);
  if (session === undefined) return 0;
  try {
    // Small integers, whose sums are exact in any order.
    const integers = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5);
    const x = integers(CHANNELS * SIDE * SIDE);
    const w = integers(FILTERS * CHANNELS * KERNEL * KERNEL);
    const float = (shape: readonly number[], data: Float32Array) =>
      ({ type: 'float32', shape, data }) as const;
    for (const block of BLOCKS) {
      const weights = [FILTERS, CHANNELS, KERNEL, KERNEL];
      const weightsApart = [FILTERS * CHANNELS, 1, KERNEL, KERNEL];
      const { plain, plainApart, inBlocks, inBlocksApart } = await session.run({
        x: float([1, CHANNELS, SIDE, SIDE], x),
        w: float(weights, w),
        blockedW: float(weights, toBlocks(w, CHANNELS * KERNEL ** 2, block)),
        v: float(weightsApart, w),
        blockedV: float(weightsApart, toBlocks(w, KERNEL ** 2, block)),
      });
      const isRight = (expected: Float32Array, actual: Float32Array) =>
        toBlocks(expected, OUTPUT ** 2, block).every((value, i) => value === actual[i]);
      const data = (value: typeof plain) => value!.data as Float32Array;
      if (isRight(data(plain), data(inBlocks)) && isRight(data(plainApart), data(inBlocksApart)))
        return block;
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
 * Channels of one block on this machine, or 0 where there are no blocks, and for models that have no use for them. It
 * is the same as long as the process lives.
 */
export async function findBlockedChannels({ nodes }: Pick<ForwardModel, 'nodes'>): Promise<number> {
  if (!nodes.some(({ opType }) => opType === 'Conv')) return 0;
  found ??= find();
  return found;
}
