// Shared by sums, means and extremes over a row's axes: which axes they are, and the shape of the result.
import type { GraphWriter } from '../format/graph-writer.ts';
import {
  axesOf,
  dataShape,
  integerAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  rowAxis,
  type Shape,
  UnsupportedOp,
} from './op-rule.ts';
import type { RowSum } from './row-sums.ts';

export interface Reduction {
  /** From the front, ascending, never 0. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export function givenAxes(node: OpNode, values: KnownValues, shape: Shape): Reduction {
  const axes = axesOf(node, values);
  if (axes === undefined) throw new UnsupportedOp('without axes it would mix rows', 'name those of a row');
  return {
    axes: axes.map((axis) => rowAxis(axis, shape.length)).sort((a, b) => a - b),
    keepDims: integerAttribute(node, 'keepdims', 1) === 1,
  };
}

/** All axes after the channels. */
export function spatialAxes(_node: OpNode, _values: KnownValues, shape: Shape): Reduction {
  return { axes: shape.flatMap((_, axis) => (axis >= 2 ? [axis] : [])), keepDims: true };
}

/** What a reduction computes; its axes stay, as axes of extent 1, whatever the node does with them afterwards. */
interface Reducer {
  emit(writer: GraphWriter, input: RowSum): string;
  /** Gradient of the input, from that of what was emitted. */
  emitGradient(
    writer: GraphWriter,
    input: RowSum,
    output: Readonly<Record<'value' | 'gradient', string>>,
  ): string;
}

/** The rule of an operator that reduces some of a row's axes. */
export function reducing(
  opType: string,
  reductionOf: (...given: Parameters<typeof givenAxes>) => Reduction,
  { emit, emitGradient }: Reducer,
): OpRule {
  return {
    opType,
    inferShape(node, values) {
      const shape = dataShape(node.inputs[0]!, values);
      const { axes, keepDims } = reductionOf(node, values, shape);
      return keepDims
        ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
        : shape.filter((_, axis) => !axes.includes(axis));
    },
    forward(node, step) {
      const { writer } = step;
      const [input] = node.inputs as [string];
      const { axes, keepDims } = reductionOf(node, step, step.shapeOf(input));
      const kept = emit(writer, { value: step.at(input), sizes: step.sizesOf(input), axes });
      return { output: keepDims ? kept : writer.reshape(kept, step.sizesOf(node.output)), saved: [kept] };
    },
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      const { writer } = step;
      const sizes = step.sizesOf(input);
      const { axes } = reductionOf(node, step, step.shapeOf(input));
      const kept = sizes.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const [value] = step.savedBy(node) as [string];
      const output = { value, gradient: writer.reshape(gradient, kept) };
      return {
        inputs: [[input, emitGradient(writer, { value: step.at(input), sizes, axes }, output)]],
        parameters: [],
      };
    },
  };
}
