// A convolution as products of matrices, with channels last: the windows of x as the rows of a matrix X
// [rows · positions, kernel · channels], y = X W + b; a row's gradient of W is dyᵀ X over its positions; and dx is the
// product of the windows of dy with W's taps turned round. With strides s, taps are s apart in dx: dx is computed in
// blocks of s positions, which each take the same windows of dy.
//
// The runtime's products run at twice the speed of its convolutions, whose weights would have to be constant for its
// better layouts; and X serves both y and the gradient of W.

import { elementCount } from '../format/tensor-data.ts';
import { toChannelsFirst, toChannelsLast } from './channels-last.ts';
import { convolutionOf } from './convolution.ts';
import type { BackwardStep, ForwardStep, KnownValues, OpNode } from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';
import { blocksOf, indicesOf } from './spatial-blocks.ts';
import { emitWindowColumns, type Windows } from './window-columns.ts';

/** Copying single channels costs more than the product saves. */
const LEAST_CHANNELS = 8;
/** Values of X for one row, so that memory stays bounded: 1 MiB. */
const MOST_VALUES = 2 ** 18;

export function isWorthColumns(node: OpNode, values: KnownValues): boolean {
  const { group, channels, window } = convolutionOf(node, values);
  const count = elementCount(window.output) * elementCount(window.kernel) * channels;
  return group === 1 && channels >= LEAST_CHANNELS && count <= MOST_VALUES;
}

/** W as [filters, kernel · channels]. */
function weightRows(node: OpNode, step: ForwardStep): string {
  const { writer } = step;
  const { filters, channels, window } = convolutionOf(node, step);
  const last = toChannelsLast(writer, step.at(node.inputs[1]!), window.kernel.length + 2);
  return writer.reshape(last, [filters, elementCount(window.kernel) * channels]);
}

/** y, and the name of X. */
export function columnsForward(node: OpNode, step: ForwardStep): { output: string; saved: string[] } {
  const { writer, rowCount } = step;
  const { channels, filters, window } = convolutionOf(node, step);
  const { kernel, strides, dilations, pads, input, output } = window;
  const rank = input.length + 2;
  const windows = input.map(
    (_, i): Windows => ({
      start: -pads[i]!,
      count: output[i]!,
      stride: strides[i]!,
      taps: kernel[i]!,
      spacing: dilations[i]!,
    }),
  );
  const x = toChannelsLast(writer, step.at(node.inputs[0]!), rank);
  const columns = emitWindowColumns(writer, x, { rows: rowCount, space: input, channels, windows });
  const flat = writer.reshape(columns, [rowCount * elementCount(output), elementCount(kernel) * channels]);
  const bias = node.inputs[2] ? [step.at(node.inputs[2])] : [];
  const product = writer.emit('Gemm', [flat, weightRows(node, step), ...bias], { transB: 1 });
  const y = writer.reshape(product, [rowCount, ...output, filters]);
  return { output: toChannelsFirst(writer, y, rank), saved: [flat] };
}

/** dy as [rows, positions, filters]. */
function positionGradients(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer, rowCount } = step;
  const { filters, window } = convolutionOf(node, step);
  const last = toChannelsLast(writer, gradient, window.output.length + 2);
  return writer.reshape(last, [rowCount, elementCount(window.output), filters]);
}

/** Per-row gradients of W, [rows, filters · kernel · channels], their sum, and what brings them into W's order. */
export function columnsWeightGradient(node: OpNode, gradient: string, step: BackwardStep) {
  const { writer, rowCount } = step;
  const { channels, filters, window } = convolutionOf(node, step);
  const [columns] = step.savedBy(node) as [string];
  const positions = elementCount(window.output);
  const kernelSize = elementCount(window.kernel);
  const dy = positionGradients(node, gradient, step);
  const transposed = writer.emit('Transpose', [dy], { perm: [0, 2, 1] });
  const x = writer.reshape(columns, [rowCount, positions, kernelSize * channels]);
  const value = writer.emit('MatMul', [transposed, x]);
  const restore = (rows: string, count: number) => {
    if (kernelSize === 1) return rows;
    const split = writer.reshape(rows, [count, filters, kernelSize, channels]);
    return writer.emit('Transpose', [split], { perm: [0, 1, 3, 2] });
  };
  const plainSum = () => {
    const flat = writer.reshape(dy, [rowCount * positions, filters]);
    return restore(writer.emit('Gemm', [flat, columns], { transA: 1 }), 1);
  };
  return { value, restore, plainSum };
}

/** Per-row sums of dy over positions: [rows, 1, filters]. */
export function lastBiasGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { filters, window } = convolutionOf(node, step);
  const sizes = [step.rowCount, elementCount(window.output), filters];
  return emitRowSum(step.writer, { value: positionGradients(node, gradient, step), sizes, axes: [1] });
}

/** W as [taps · filters, positions of a block · channels], for taps and positions as dx is computed in. */
function turnedWeight(node: OpNode, step: BackwardStep): string {
  const { writer } = step;
  const convolution = convolutionOf(node, step);
  const { channels, filters, window } = convolution;
  const { kernel, strides } = window;
  const kernelSize = elementCount(kernel);
  const taps = kernel.map((_, axis) => blocksOf(convolution, axis).taps);
  const last = toChannelsLast(writer, step.at(node.inputs[1]!), kernel.length + 2);
  const rows = writer.reshape(last, [filters * kernelSize, channels]);
  // Behind the last row there is one of zeros, for taps beyond the kernel.
  const outside = filters * kernelSize;
  const order = indicesOf(taps).flatMap((tap) =>
    Array.from({ length: filters }, (_, filter) =>
      indicesOf(strides).map((position) => {
        const at = tap.map((t, i) => t * strides[i]! + position[i]!);
        const isInside = at.every((own, i) => own < kernel[i]!);
        return isInside
          ? filter * kernelSize + at.reduce((sum, own, i) => sum * kernel[i]! + own, 0)
          : outside;
      }),
    ).flat(),
  );
  const zeros = order.includes(outside) ? 1 : 0;
  const padded = writer.pad(rows, { before: [0, 0], after: [zeros, 0] });
  const shape = [elementCount(taps) * filters, elementCount(strides) * channels];
  return writer.reshape(writer.emit('Gather', [padded, writer.int64s(order)], { axis: 0 }), shape);
}

export function columnsInputGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer, rowCount } = step;
  const convolution = convolutionOf(node, step);
  const { channels, filters, window } = convolution;
  const { input, output, strides } = window;
  const axes = input.length;
  const blocks = input.map((_, axis) => blocksOf(convolution, axis));
  const windows = blocks.map((own) => own.windows);
  const counts = windows.map(({ count }) => count);
  const dy = toChannelsLast(writer, gradient, axes + 2);
  const shape = { rows: rowCount, space: output, channels: filters, windows };
  const columns = emitWindowColumns(writer, dy, shape);
  const width = elementCount(windows.map(({ taps }) => taps)) * filters;
  const flat = writer.reshape(columns, [rowCount * elementCount(counts), width]);
  const product = writer.emit('MatMul', [flat, turnedWeight(node, step)]);

  let dx = writer.reshape(product, [rowCount, ...counts, ...strides, channels]);
  if (strides.some((stride) => stride > 1)) {
    const interleaved = counts.flatMap((_, i) => [i + 1, i + 1 + axes]);
    dx = writer.emit('Transpose', [dx], { perm: [0, ...interleaved, 1 + 2 * axes] });
  }
  const sizes = counts.map((count, i) => count * strides[i]!);
  dx = writer.reshape(dx, [rowCount, ...sizes, channels]);
  // Off with what lies before the input or behind it; zeros for what no window reaches.
  const before = blocks.map(({ offset }) => -offset);
  const after = sizes.map((size, i) => input[i]! - before[i]! - size);
  const padded = writer.pad(dx, { before: [0, ...before, 0], after: [0, ...after, 0] });
  return toChannelsFirst(writer, padded, axes + 2);
}
