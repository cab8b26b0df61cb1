// MaxPool: y = the largest value of each window, the first of several; dy goes to where it came from.
//
// The runtime's own operator is thirty times slower at finding those positions than at finding the values. So the
// positions of a window are visited one by one, along one axis and then the other, comparing the maximum without the
// position and with it: where both are equal, dy stays with the positions before; otherwise it goes to the position.
// All windows are computed at once, including those that the strides leave out, so that a position is the whole array,
// shifted. What is computed across the end of an axis belongs to no window of the output and receives no dy. For
// blocked channels the runtime finds the maxima itself.
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';
import { fromBlocks, isFromBlocks, toBlocks } from './channel-blocks.ts';
import { toChannelsFirst, toChannelsLast } from './channels-last.ts';
import {
  type BackwardStep,
  type ForwardStep,
  integerAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';
import { poolWindowOf } from './pool-window.ts';
import { type Window, windowAttributes } from './window.ts';

function poolOf(node: OpNode, values: KnownValues): Window {
  if (integerAttribute(node, 'storage_order', 0) !== 0) throw new UnsupportedOp('storage_order must be 0');
  return poolWindowOf(node, values);
}

/**
 * The padded input's planes, [rows, ...space, channels], and the distances between a window's positions in the flat
 * array. Blocks of channels count as rows of their own.
 */
function gridOf(node: OpNode, step: ForwardStep) {
  const window = poolOf(node, step);
  const { input, pads, dilations } = window;
  const [data] = node.inputs as [string];
  const { writer, blockedChannels: block } = step;
  const [count, all] = step.sizesOf(node.output) as [number, number];
  const isInBlocks = isFromBlocks(writer, step.at(data));
  const [rows, channels] = isInBlocks ? [(count * all) / block, block] : [count, all];
  const toPlanes = (value: string, sizes: readonly number[]) =>
    isInBlocks
      ? writer.reshape(toBlocks(writer, value, { sizes, block }), [rows, ...sizes.slice(2), channels])
      : toChannelsLast(writer, value, sizes.length);
  const fromPlanes = (value: string, sizes: readonly number[]) =>
    isInBlocks
      ? fromBlocks(writer, writer.reshape(value, sizes), { sizes, block })
      : toChannelsFirst(writer, value, sizes.length);
  const space = input.map((size, i) => size + pads[i]! + pads[i + input.length]!);
  const distances = space.map((_, i) => dilations[i]! * elementCount(space.slice(i + 1)) * channels);
  return { window, rows, channels, space, distances, isInBlocks, toPlanes, fromPlanes };
}

const flatten = (writer: GraphWriter, value: string): string => writer.reshape(value, [-1]);

/** A flat array moved by a distance, towards its end or, below 0, its start; zeros move in. */
const shift = (writer: GraphWriter, value: string, distance: number): string =>
  writer.emit('Pad', [value, writer.int64s([distance, -distance])]);

/** Pads of the spatial axes alone. */
const onSpace = (before: readonly number[], after: readonly number[]) => ({
  before: [0, ...before, 0],
  after: [0, ...after, 0],
});

const spatialAxes = (writer: GraphWriter, space: readonly number[]): string =>
  writer.int64s(space.map((_, i) => i + 1));

/** The padded input, flat. */
function paddedInput(node: OpNode, step: ForwardStep): string {
  const { writer } = step;
  const { window, space, toPlanes } = gridOf(node, step);
  const [data] = node.inputs as [string];
  let value = toPlanes(step.at(data), step.sizesOf(data));
  if (window.pads.some((pad) => pad > 0)) {
    const [before, after] = [window.pads.slice(0, space.length), window.pads.slice(space.length)];
    const pads = writer.int64s([0, ...before, 0, 0, ...after, 0]);
    value = writer.emit('Pad', [value, pads, writer.float(Number.NEGATIVE_INFINITY)]);
  }
  return flatten(writer, value);
}

/**
 * Names of the flat maxima of each window, and for each position on the way the maximum without it and with it: they
 * differ where dy moves on.
 */
function emitMaxima(node: OpNode, step: ForwardStep): { maxima: string; compared: string[] } {
  const { writer } = step;
  const { window, space, distances, isInBlocks } = gridOf(node, step);
  const sizes = [...step.sizesOf(node.output).slice(0, 2), ...space];
  const compared: string[] = [];
  let maxima = paddedInput(node, step);
  for (let axis = space.length - 1; axis >= 0; axis--) {
    const first = maxima;
    for (let position = 1; position < window.kernel[axis]!; position++) {
      const without = maxima;
      if (isInBlocks) {
        const along = (extent: number, otherwise: number) =>
          space.map((_, i) => (i === axis ? extent : otherwise));
        const pooled = writer.emitBlocked('MaxPool', [writer.reshape(first, sizes)], {
          kernel_shape: along(position + 1, 1),
          dilations: along(window.dilations[axis]!, 1),
          pads: [...along(0, 0), ...along(position * window.dilations[axis]!, 0)],
        });
        maxima = flatten(writer, pooled);
      } else {
        maxima = writer.emit('Max', [without, shift(writer, first, -position * distances[axis]!)]);
      }
      compared.push(without, maxima);
    }
  }
  return { maxima, compared };
}

/** The maxima of the windows that the output has. */
function emitOutput(node: OpNode, step: ForwardStep, maxima: string): string {
  const { writer, blockedChannels: block } = step;
  const { window, rows, channels, space, isInBlocks, fromPlanes } = gridOf(node, step);
  const { strides, output } = window;
  const sizes = step.sizesOf(node.output);
  if (isInBlocks) {
    const [data] = node.inputs as [string];
    const x = toBlocks(writer, step.at(data), { sizes: step.sizesOf(data), block });
    const pooled = writer.emitBlocked('MaxPool', [x], windowAttributes(window));
    return fromBlocks(writer, pooled, { sizes, block });
  }
  const none = space.map(() => 0);
  const ends = output.map((size, i) => (size - 1) * strides[i]! + 1);
  const beyond = space.map((size, i) => ends[i]! - size);
  const all = writer.reshape(maxima, [rows, ...space, channels]);
  let own = writer.pad(all, onSpace(none, beyond));
  if (strides.some((stride) => stride > 1)) {
    const bounds = [none, ends].map((bound) => writer.int64s(bound));
    own = writer.emit('Slice', [own, ...bounds, spatialAxes(writer, space), writer.int64s(strides)]);
  }
  return fromPlanes(own, sizes);
}

/** dy at the first position of each window, zeros elsewhere: flat, of the padded input's size. */
function emitAtStarts(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer } = step;
  const { window, rows, channels, space, toPlanes } = gridOf(node, step);
  const { strides, output } = window;
  let value = toPlanes(gradient, step.sizesOf(node.output));
  if (strides.some((stride) => stride > 1)) {
    value = writer.reshape(value, [rows, ...output.flatMap((size) => [size, 1]), channels]);
    const gaps = strides.flatMap((stride) => [0, stride - 1]);
    const none = gaps.map(() => 0);
    value = writer.emit('Pad', [value, writer.int64s([0, ...none, 0, 0, ...gaps, 0])]);
    value = writer.reshape(value, [rows, ...output.map((size, i) => size * strides[i]!), channels]);
  }
  const missing = space.map((size, i) => size - output[i]! * strides[i]!);
  const none = space.map(() => 0);
  return flatten(writer, writer.pad(value, onSpace(none, missing)));
}

/** The gradient of the padded input, flat: each comparison undone, the last first. */
function emitUndone(node: OpNode, step: BackwardStep, start: string): string {
  const { writer } = step;
  const { window, space, distances } = gridOf(node, step);
  const compared = [...step.savedBy(node)];
  let current = start;
  for (let axis = 0; axis < space.length; axis++) {
    const moved: string[] = [];
    for (let position = window.kernel[axis]! - 1; position >= 1; position--) {
      const [without, maximum] = compared.splice(-2) as [string, string];
      // Never a number times NaN: where a window reaches into another row, its dy of 0 must stay 0.
      const isKept = writer.emit('Cast', [writer.emit('GreaterOrEqual', [without, maximum])], { to: 1 });
      const kept = writer.emit('Mul', [current, isKept]);
      moved.push(shift(writer, writer.emit('Sub', [current, kept]), position * distances[axis]!));
      current = kept;
    }
    if (moved.length > 0) current = writer.emit(moved.length === 1 ? 'Add' : 'Sum', [current, ...moved]);
  }
  return current;
}

export const maxPool: OpRule = {
  opType: 'MaxPool',
  inferShape(node, values) {
    const { output } = poolOf(node, values);
    return [...values.shapeOf(node.inputs[0]!).slice(0, 2), ...output];
  },
  forward(node, step) {
    const [input] = node.inputs as [string];
    const { writer } = step;
    if (!step.needsGradient(input)) {
      return { output: writer.emit('MaxPool', [step.at(input)], windowAttributes(poolOf(node, step))) };
    }
    const { maxima, compared } = emitMaxima(node, step);
    return { output: emitOutput(node, step, maxima), saved: compared };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const { window, rows, channels, space, fromPlanes } = gridOf(node, step);
    const flat = emitUndone(node, step, emitAtStarts(node, gradient, step));
    const pads = window.pads.map((pad) => -pad);
    const own = onSpace(pads.slice(0, space.length), pads.slice(space.length));
    const value = writer.pad(writer.reshape(flat, [rows, ...space, channels]), own);
    return { inputs: [[input, fromPlanes(value, step.sizesOf(input))]], parameters: [] };
  },
};
