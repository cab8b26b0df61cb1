// A convolution's input gradient in blocks of as many positions as the strides: with strides s the taps that one
// position of dx takes are s apart, and all positions of a block take the same windows of dy.
import type { Convolution } from './convolution.ts';
import type { Windows } from './window-columns.ts';

/** Whether dx can be computed in blocks: with both strides and dilations, taps would fall between them. */
export function hasSpatialBlocks({ window: { strides, dilations } }: Convolution): boolean {
  return strides.every((stride, i) => stride === 1 || dilations[i] === 1);
}

/** Along one axis, the windows of dy that the blocks of dx take, and where in the first block the input begins. */
export function blocksOf({ window }: Convolution, axis: number) {
  const { kernel, strides, dilations, pads, input, output } = window;
  const [stride, pad] = [strides[axis]!, pads[axis]!];
  // Position p of the padded input, in block b = ⌊p / s⌋, takes from window b - t · spacing the tap t · s + p mod s.
  const taps = Math.ceil(kernel[axis]! / stride);
  const reached = output[axis]! + (taps - 1) * dilations[axis]!;
  const first = Math.min(Math.floor(pad / stride), reached - 1);
  const end = Math.min(Math.floor((pad + input[axis]! - 1) / stride) + 1, reached);
  const windows: Windows = {
    start: first,
    count: end - first,
    stride: 1,
    taps,
    spacing: -dilations[axis]!,
  };
  return { stride, taps, windows, offset: pad - first * stride };
}

/** All indices into an array of the extents given, in row-major order. */
export const indicesOf = (extents: readonly number[]): number[][] =>
  extents.reduce<number[][]>(
    (all, extent) => all.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
