// AveragePool: y = the mean of each window; dx spreads dy / n over it: a transposed convolution with a kernel of ones.
import { elementCount } from '../format/tensor-data.ts';
import { integerAttribute, NO_GRADIENTS, type OpNode, type OpRule } from './op-rule.ts';
import { poolWindowOf } from './pool-window.ts';
import { unreached, type Window, windowAttributes } from './window.ts';

/** Along one axis, how many positions of each window count: those in the input, and where pads count, in the pads. */
function positionsCounted(window: Window, axis: number, countsPadding: boolean): number[] {
  const { kernel, strides, dilations, pads, countedPads, input, output } = window;
  const [before, after] = countsPadding ? [pads[axis]!, countedPads[axis]!] : [0, 0];
  return Array.from({ length: output[axis]! }, (_, at) => {
    const start = at * strides[axis]! - pads[axis]!;
    const positions = Array.from({ length: kernel[axis]! }, (_, k) => start + k * dilations[axis]!);
    return positions.filter((position) => position >= -before && position < input[axis]! + after).length;
  });
}

/** 1 / n per output position: the windows' sizes, without the padding unless it counts. */
function reciprocalSizes(node: OpNode, window: Window): Float32Array {
  const countsPadding = integerAttribute(node, 'count_include_pad', 0) === 1;
  const [first, second = [1]] = window.input.map((_, axis) =>
    positionsCounted(window, axis, countsPadding),
  ) as [number[], number[] | undefined];
  return Float32Array.from(first.flatMap((a) => second.map((b) => 1 / (a * b))));
}

export const averagePool: OpRule = {
  opType: 'AveragePool',
  inferShape(node, values) {
    const { output } = poolWindowOf(node, values);
    return [...values.shapeOf(node.inputs[0]!).slice(0, 2), ...output];
  },
  // As a convolution with ones: the runtime's own operator has no dilations in this operator set.
  forward(node, step) {
    const { writer } = step;
    const window = poolWindowOf(node, step);
    const [rows, channels] = step.sizesOf(node.output) as [number, number];
    const planes = writer.reshape(step.at(node.inputs[0]!), [rows * channels, 1, ...window.input]);
    const ones = writer.floats(
      [1, 1, ...window.kernel],
      new Float32Array(elementCount(window.kernel)).fill(1),
    );
    const sums = writer.emit('Conv', [planes, ones], windowAttributes(window));
    const scale = writer.floats([1, 1, ...window.output], reciprocalSizes(node, window));
    const means = writer.emit('Mul', [sums, scale]);
    return { output: writer.reshape(means, step.sizesOf(node.output)), saved: [ones, scale] };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const window = poolWindowOf(node, step);
    const [rows, channels] = step.sizesOf(node.output) as [number, number];
    const [ones, scale] = step.savedBy(node) as [string, string];
    const planes = writer.reshape(gradient, [rows * channels, 1, ...window.output]);
    const back = writer.emit('ConvTranspose', [writer.emit('Mul', [planes, scale]), ones], {
      ...windowAttributes(window),
      output_padding: unreached(window),
    });
    return { inputs: [[input, writer.reshape(back, step.sizesOf(input))]], parameters: [] };
  },
};
