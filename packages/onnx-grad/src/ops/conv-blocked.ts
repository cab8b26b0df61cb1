// A convolution by the operator that the runtime uses itself for constant weights ("NCHWc"), on channels in blocks of B
// (`channel-blocks.ts`): few channels, as first layers have, or whole blocks of them, to whole blocks of filters. No
// windows are laid out. B is a fact of the machine (`blocked-channels.ts`).
//
// A row's gradient of W is the convolution of x with dy as its kernel, strides and dilations exchanged; all rows take
// one convolution whose groups are the rows and whose images are the channels, and dy is in blocks already. With
// strides s, W's taps are s apart in dx: dx is computed in blocks of s positions, one convolution of dy with reversed
// taps, whose filters are the positions of such a block.

import { elementCount } from '../format/tensor-data.ts';
import { fromBlocks, toBlocks } from './channel-blocks.ts';
import { type Convolution, convolutionOf } from './convolution.ts';
import type { BackwardStep, ForwardStep, OpNode } from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';
import { blocksOf, indicesOf } from './spatial-blocks.ts';
import { reachOf } from './window.ts';

/** Whether the operator takes the convolution: of whole blocks of channels, or of fewer than one. */
export function isWorthBlocks(node: OpNode, step: ForwardStep, channelsOf: 'blocks' | 'less'): boolean {
  const { blockedChannels: block } = step;
  if (block === 0) return false;
  const { group, channels, filters, window } = convolutionOf(node, step);
  // W's gradient has the rows for channels, of which the operator takes less than a block or whole blocks.
  const fits = step.rowCount < block || step.rowCount % block === 0;
  // Of one tap there are no windows to lay out, and W's gradient would have one position.
  const isWorth = channelsOf === 'less' ? channels < block : elementCount(window.kernel) > 1;
  const isWhole = channelsOf === 'less' || channels % block === 0;
  return fits && isWorth && isWhole && group === 1 && filters % block === 0 && window.input.length === 2;
}

/** W in the order that the operator takes. */
function blockedWeight(node: OpNode, step: ForwardStep): string {
  const { writer, blockedChannels: block } = step;
  const [weight] = node.inputs.slice(1) as [string];
  const { filters, channels, window } = convolutionOf(node, step);
  const kernelSize = elementCount(window.kernel);
  // Filters of a block last, and of whole blocks of channels each tap's before the next tap's: in two steps, which the
  // runtime does faster than both at once.
  const split = writer.reshape(step.at(weight), [filters / block, block, channels * kernelSize]);
  let turned = writer.transpose(split, [0, 2, 1]);
  if (channels >= block) {
    const taps = writer.reshape(turned, [(filters * channels) / block ** 2, block, kernelSize, block]);
    turned = writer.transpose(taps, [0, 2, 1, 3]);
  }
  return writer.reshape(turned, step.sizesOf(weight));
}

/** x as far as windows reach, padding included: in blocks, or as it is where channels are fewer. */
function paddedInput(node: OpNode, step: ForwardStep): string {
  const { writer, rowCount, blockedChannels: block } = step;
  const [data] = node.inputs as [string];
  const { channels, window } = convolutionOf(node, step);
  const reach = reachOf(window);
  const before = window.pads.slice(0, 2);
  const after = reach.map((extent, i) => extent - before[i]! - window.input[i]!);
  const isWhole = channels % block === 0;
  // Beside padding the operator is slow, and W's gradient takes nearly all of its windows there.
  if (!isWhole) return writer.pad(step.at(data), { before: [0, 0, ...before], after: [0, 0, ...after] });
  const blocked = toBlocks(writer, step.at(data), { sizes: step.sizesOf(data), block });
  if ([...before, ...after].every((pad) => pad === 0)) return blocked;
  const planes = writer.reshape(blocked, [(rowCount * channels) / block, ...window.input, block]);
  const padded = writer.pad(planes, { before: [0, ...before, 0], after: [0, ...after, 0] });
  return writer.reshape(padded, [rowCount, channels, ...reach]);
}

/** y, and the name of the padded x. */
export function blockedForward(node: OpNode, step: ForwardStep): { output: string; saved: string[] } {
  const { writer, blockedChannels: block } = step;
  const { window } = convolutionOf(node, step);
  const { kernel, strides, dilations } = window;
  const padded = paddedInput(node, step);
  const bias = node.inputs[2] ? [step.at(node.inputs[2])] : [];
  const inputs = [padded, blockedWeight(node, step), ...bias];
  const product = writer.emitBlocked('Conv', inputs, { group: 1, kernel_shape: kernel, strides, dilations });
  const output = fromBlocks(writer, product, { sizes: step.sizesOf(node.output), block });
  return { output, saved: [padded] };
}

const blockedGradient = (node: OpNode, gradient: string, step: BackwardStep): string =>
  toBlocks(step.writer, gradient, { sizes: step.sizesOf(node.output), block: step.blockedChannels });

/** The padded x with its channels for rows: [channels, rows, ...reach]. */
function channelPlanes(node: OpNode, step: BackwardStep): string {
  const { writer, rowCount, blockedChannels: block } = step;
  const { channels, window } = convolutionOf(node, step);
  const [padded] = step.savedBy(node) as [string];
  const reach = reachOf(window);
  const sizes = [channels, rowCount, ...reach];
  if (channels === 1) return writer.reshape(padded, sizes);
  if (channels < block) return writer.transpose(padded, [1, 0, 2, 3]);
  const perBlock = elementCount(reach) * block;
  const split = writer.reshape(padded, [rowCount, channels / block, perBlock]);
  // In two steps, which the runtime does faster than both at once.
  const byBlock = channels === block ? split : writer.transpose(split, [1, 0, 2]);
  const positions = writer.reshape(byBlock, [channels / block, (rowCount * perBlock) / block, block]);
  return writer.reshape(writer.transpose(positions, [0, 2, 1]), sizes);
}

/** Per-row gradients of W in planes, [channels, rows, filters · kernel], and what brings them into W's order. */
export function blockedWeightGradient(node: OpNode, gradient: string, step: BackwardStep) {
  const { writer, rowCount, blockedChannels: block } = step;
  const { channels, filters, window } = convolutionOf(node, step);
  const { kernel, strides, dilations, output } = window;
  const [blocks, kernelSize] = [filters / block, elementCount(kernel)];
  const dy = blockedGradient(node, gradient, step);
  const kernels = writer.reshape(dy, [rowCount * filters, 1, ...output]);
  const product = writer.emitBlocked('Conv', [channelPlanes(node, step), kernels], {
    group: rowCount,
    strides: dilations,
    dilations: strides,
    kernel_shape: output,
  });
  const value = writer.reshape(product, [channels, rowCount, filters * kernelSize]);
  const restore = (rows: string, count: number) => {
    const byChannel = writer.reshape(rows, [count, channels, blocks, kernelSize * block]);
    const byBlock = channels === 1 ? byChannel : writer.transpose(byChannel, [0, 2, 1, 3]);
    const split = writer.reshape(byBlock, [count * blocks, channels * kernelSize, block]);
    return writer.reshape(writer.transpose(split, [0, 2, 1]), [count, filters * channels * kernelSize]);
  };
  // A convolution of each filter's taps with themselves, the filters apart, squares and adds at once.
  const sumsOfSquares = (own: string, count: number) => {
    const group = channels * count * filters;
    const taps = [writer.reshape(own, [1, group, ...kernel]), writer.reshape(own, [group, 1, ...kernel])];
    return writer.emitBlocked('Conv', taps, { group, kernel_shape: kernel });
  };
  return { value, restore, inPlanes: { planes: channels, squaresInSum: kernelSize, sumsOfSquares } };
}

/** Per-row sums of dy over positions: [rows · blocks, 1, B]. */
export function blockedBiasGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer, rowCount, blockedChannels: block } = step;
  const { filters, window } = convolutionOf(node, step);
  const sizes = [(rowCount * filters) / block, elementCount(window.output), block];
  const dy = writer.reshape(blockedGradient(node, gradient, step), sizes);
  return emitRowSum(writer, { value: dy, sizes, axes: [1] });
}

/** Pads of dy for which its windows are those that the blocks of dx take, along each axis. */
function padsOfBlocks(convolution: Convolution) {
  return convolution.window.input.map((_, axis) => {
    const { taps, windows } = blocksOf(convolution, axis);
    const before = -windows.spacing * (taps - 1) - windows.start;
    const after = windows.start + windows.count - convolution.window.output[axis]!;
    return { before, after };
  });
}

/** Whether dx is computed in blocks: of whole blocks of channels, and with pads that the operator knows. */
export function hasBlockedInputGradient(node: OpNode, step: BackwardStep): boolean {
  const convolution = convolutionOf(node, step);
  const pads = padsOfBlocks(convolution);
  return (
    convolution.channels % step.blockedChannels === 0 &&
    pads.every(({ before, after }) => before >= 0 && after >= 0)
  );
}

/** W with its taps turned round, for filters that are the positions of a block of dx, in the operator's order. */
function turnedWeight(node: OpNode, step: BackwardStep): string {
  const { writer, blockedChannels: block } = step;
  const convolution = convolutionOf(node, step);
  const { channels, filters, window } = convolution;
  const { kernel, strides } = window;
  const taps = kernel.map((_, axis) => blocksOf(convolution, axis).taps);
  const [kernelSize, positions, count] = [kernel, strides, taps].map(elementCount) as [
    number,
    number,
    number,
  ];
  const rows = writer.reshape(step.at(node.inputs[1]!), [filters, channels, kernelSize]);
  const byTap = writer.transpose(rows, [2, 0, 1]);
  // Behind the last tap there is one of zeros, for taps beyond the kernel.
  const order = indicesOf(strides).flatMap((position) =>
    indicesOf(taps).map((tap) => {
      const at = tap.map((t, i) => (taps[i]! - 1 - t) * strides[i]! + position[i]!);
      const isInside = at.every((own, i) => own < kernel[i]!);
      return isInside ? at.reduce((sum, own, i) => sum * kernel[i]! + own, 0) : kernelSize;
    }),
  );
  const zeros = order.includes(kernelSize) ? 1 : 0;
  const padded = writer.pad(byTap, { before: [0, 0, 0], after: [zeros, 0, 0] });
  const turned = writer.emit('Gather', [padded, writer.int64s(order)], { axis: 0 });
  const split = writer.reshape(turned, [positions, count, filters / block, block, channels / block, block]);
  return writer.reshape(writer.transpose(split, [0, 4, 2, 1, 3, 5]), [
    positions * channels,
    filters,
    ...taps,
  ]);
}

export function blockedInputGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer, rowCount, blockedChannels: block } = step;
  const convolution = convolutionOf(node, step);
  const { channels, window } = convolution;
  const { input, strides, dilations } = window;
  const blocks = input.map((_, axis) => blocksOf(convolution, axis));
  const pads = padsOfBlocks(convolution);
  const product = writer.emitBlocked(
    'Conv',
    [blockedGradient(node, gradient, step), turnedWeight(node, step)],
    {
      group: 1,
      kernel_shape: blocks.map(({ taps }) => taps),
      dilations,
      pads: [...pads.map(({ before }) => before), ...pads.map(({ after }) => after)],
    },
  );
  const counts = blocks.map(({ windows }) => windows.count);
  const groups = channels / block;
  let dx = writer.reshape(product, [rowCount, ...strides, groups, ...counts, block]);
  if (strides.some((stride) => stride > 1)) dx = writer.transpose(dx, [0, 3, 4, 1, 5, 2, 6]);
  const sizes = counts.map((count, i) => count * strides[i]!);
  dx = writer.reshape(dx, [rowCount * groups, ...sizes, block]);
  // Off with what lies before the input or behind it; zeros for what no window reaches.
  const before = blocks.map(({ offset }) => -offset);
  const after = sizes.map((size, i) => input[i]! - before[i]! - size);
  const padded = writer.pad(dx, { before: [0, ...before, 0], after: [0, ...after, 0] });
  const blocked = writer.reshape(padded, [rowCount, channels, ...input]);
  return fromBlocks(writer, blocked, { sizes: [rowCount, channels, ...input], block });
}
