// A convolution by the runtime's own operators: dx is the transposed convolution of dy with W, with output_padding
// for the entries no window reached. A row's gradient of W is the convolution of x with dy as its kernel, strides
// and dilations exchanged; all rows take one convolution whose groups are the rows.

import { elementCount } from '../format/tensor-data.ts';
import { convolutionOf } from './convolution.ts';
import type { BackwardStep, ForwardStep, OpNode } from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';
import { unreached, windowAttributes } from './window.ts';

interface Reached {
  readonly value: string;
  /** Of its spatial axes. */
  readonly sizes: readonly number[];
  readonly pads: readonly number[];
}

/** A convolution's input without what no window reaches at its end, and the pads that are left. */
function reachedInput(node: OpNode, step: BackwardStep): Reached {
  const { writer } = step;
  const { window } = convolutionOf(node, step);
  const { pads, input } = window;
  const axes = input.length;
  // First the pad at the end is cut off, then the input's own end.
  const excess = unreached(window);
  const end = excess.map((count, i) => Math.min(count, pads[i + axes]!));
  const cut = pads.map((pad, i) => (i < axes ? pad : pad - end[i - axes]!));
  const used = input.map((size, i) => size - excess[i]! + end[i]!);
  let value = step.at(node.inputs[0]!);
  if (used.some((size, i) => size < input[i]!)) {
    const spatial = writer.int64s(input.map((_, i) => i + 2));
    value = writer.emit('Slice', [value, writer.int64s(input.map(() => 0)), writer.int64s(used), spatial]);
  }
  return { value, sizes: used, pads: cut };
}

export function directForward(node: OpNode, step: ForwardStep): string {
  const { group, window } = convolutionOf(node, step);
  const inputs = node.inputs.filter((input) => input !== '').map((input) => step.at(input));
  return step.writer.emit('Conv', inputs, { group, ...windowAttributes(window) });
}

/** Per-row gradients of W, [rows, channels per group · filters · kernel], and what brings them into W's order. */
export function directWeightGradient(node: OpNode, gradient: string, step: BackwardStep) {
  const { writer, rowCount } = step;
  const { group, channels, filters, window } = convolutionOf(node, step);
  const { kernel, strides, dilations, input, output } = window;
  const perGroup = channels / group;
  const kernelSize = elementCount(kernel);
  const { value, sizes: used, pads: cut } = reachedInput(node, step);
  let x = value;
  if (perGroup > 1) {
    const split = writer.reshape(x, [rowCount, group, perGroup, ...used]);
    const space = input.map((_, i) => i + 3);
    x = writer.emit('Transpose', [split], { perm: [2, 0, 1, ...space] });
  }
  x = writer.reshape(x, [perGroup, rowCount * group, ...used]);
  const kernels = writer.reshape(gradient, [rowCount * filters, 1, ...output]);
  let product = writer.emit('Conv', [x, kernels], {
    group: rowCount * group,
    strides: dilations,
    dilations: strides,
    pads: cut,
    kernel_shape: output,
  });
  if (perGroup > 1) {
    const byChannel = writer.reshape(product, [perGroup, rowCount, filters * kernelSize]);
    product = writer.emit('Transpose', [byChannel], { perm: [1, 0, 2] });
  }
  const restore = (rows: string, count: number) => {
    if (perGroup === 1) return rows;
    const split = writer.reshape(rows, [count, perGroup, filters, kernelSize]);
    return writer.emit('Transpose', [split], { perm: [0, 2, 1, 3] });
  };
  return { value: product, restore };
}

/** The gradient of W summed over all rows, as one convolution whose channels are the rows; undefined for groups. */
export function directWeightSum(
  node: OpNode,
  gradient: string,
  step: BackwardStep,
): (() => string) | undefined {
  const { writer } = step;
  const { group, window } = convolutionOf(node, step);
  if (group > 1) return undefined;
  const { strides, dilations, output } = window;
  const perm = [1, 0, ...output.map((_, i) => i + 2)];
  return () => {
    const { value, pads } = reachedInput(node, step);
    const x = writer.emit('Transpose', [value], { perm });
    const kernels = writer.emit('Transpose', [gradient], { perm });
    const attributes = { strides: dilations, dilations: strides, pads, kernel_shape: output };
    return writer.emit('Transpose', [writer.emit('Conv', [x, kernels], attributes)], { perm });
  };
}

/** Per-row sums of dy over space: [rows, filters, 1, ...]. */
export function directBiasGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const sizes = step.sizesOf(node.output);
  const axes = sizes.flatMap((_, i) => (i >= 2 ? [i] : []));
  return emitRowSum(step.writer, { value: gradient, sizes, axes });
}

export function directInputGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { group, window } = convolutionOf(node, step);
  return step.writer.emit('ConvTranspose', [gradient, step.at(node.inputs[1]!)], {
    group,
    ...windowAttributes(window),
    output_padding: unreached(window),
  });
}
