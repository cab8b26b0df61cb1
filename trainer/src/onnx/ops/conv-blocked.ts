// A convolution of few channels by the operator that the runtime itself turns constant weights over to ("NCHWc"): its
// output has the filters in blocks of B, [rows, filters / B, ...space, B], and so have its weights, [filters / B,
// channels, ...kernel, B]. It takes half the time of the runtime's convolution, with the same products, and what it
// leaves is nearly channels last. B is a fact of the machine (`blocked-channels.ts`).
//
// A row's gradient of W is the convolution of x with dy as its kernel, strides and dilations exchanged; all rows take
// one convolution whose groups are the rows, and dy with channels last is in blocks already.
import { elementCount } from '../tensor-data.ts';
import { toChannelsFirst, toChannelsLast } from './channels-last.ts';
import { convolutionOf } from './convolution.ts';
import type { BackwardStep, ForwardStep, OpNode } from './op-rule.ts';
import { reachOf } from './window.ts';

export function isWorthBlocks(node: OpNode, step: ForwardStep): boolean {
  const { blockedChannels: block } = step;
  const { group, channels, filters, window } = convolutionOf(node, step);
  // W's gradient has the rows for channels, of which the operator takes less than a block or whole blocks.
  const fits = step.rowCount < block || step.rowCount % block === 0;
  const isWorth = group === 1 && channels < block && filters % block === 0 && window.input.length === 2;
  return block > 0 && fits && isWorth;
}

/** y, and the name of x as far as windows reach, padding included. */
export function blockedForward(node: OpNode, step: ForwardStep): { output: string; saved: string[] } {
  const { writer, rowCount, blockedChannels: block } = step;
  const { filters, window } = convolutionOf(node, step);
  const [x, weight, bias] = node.inputs as [string, string, string | undefined];
  const [, ...perFilter] = step.sizesOf(weight);
  const blocks = filters / block;
  const split = writer.reshape(step.at(weight), [blocks, block, elementCount(perFilter)]);
  const turned = writer.reshape(writer.transpose(split, [0, 2, 1]), [filters, ...perFilter]);
  // Beside padding the operator is slow, and W's gradient takes nearly all of its windows there.
  const { kernel, strides, dilations, input, output, pads } = window;
  const before = pads.slice(0, input.length);
  const after = reachOf(window).map((extent, i) => extent - before[i]! - input[i]!);
  const padded = writer.pad(step.at(x), { before: [0, 0, ...before], after: [0, 0, ...after] });
  const inputs = [padded, turned, ...(bias ? [step.at(bias)] : [])];
  const product = writer.emitBlocked('Conv', inputs, { group: 1, kernel_shape: kernel, strides, dilations });
  const byBlock = writer.reshape(product, [rowCount, blocks, elementCount(output), block]);
  const last = blocks === 1 ? byBlock : writer.transpose(byBlock, [0, 2, 1, 3]);
  const y = writer.reshape(last, [rowCount, ...output, filters]);
  return { output: toChannelsFirst(writer, y, 4), saved: [padded] };
}

/** Per-row gradients of W, [rows, channels · blocks · kernel · B], and what brings them into W's order. */
export function blockedWeightGradient(node: OpNode, gradient: string, step: BackwardStep) {
  const { writer, rowCount, blockedChannels: block } = step;
  const { channels, filters, window } = convolutionOf(node, step);
  const { kernel, strides, dilations, output } = window;
  const [blocks, kernelSize] = [filters / block, elementCount(kernel)];
  const last = toChannelsLast(writer, gradient, 4);
  const byPlace = writer.reshape(last, [rowCount, elementCount(output), blocks, block]);
  const byBlock = blocks === 1 ? byPlace : writer.transpose(byPlace, [0, 2, 1, 3]);
  const kernels = writer.reshape(byBlock, [rowCount * filters, 1, ...output]);
  const [padded] = step.savedBy(node) as [string];
  const x =
    channels === 1
      ? writer.reshape(padded, [1, rowCount, ...reachOf(window)])
      : writer.transpose(padded, [1, 0, 2, 3]);
  const product = writer.emitBlocked('Conv', [x, kernels], {
    group: rowCount,
    strides: dilations,
    dilations: strides,
    kernel_shape: output,
  });
  const size = blocks * kernelSize * block;
  const byChannel = writer.reshape(product, [channels, rowCount, size]);
  const restore = (rows: string, count: number) => {
    const split = writer.reshape(rows, [count, channels, blocks, kernelSize, block]);
    return writer.emit('Transpose', [split], { perm: [0, 2, 4, 1, 3] });
  };
  return { value: channels === 1 ? byChannel : writer.transpose(byChannel, [1, 0, 2]), restore };
}
