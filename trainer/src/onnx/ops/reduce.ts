// ReduceMean and ReduceSum over a row's axes, and GlobalAveragePool: y = Σ x / n or Σ x; dx = dy, spread back.
import { emitRowMean, emitRowSum } from '../row-sums.ts';
import { elementCount } from '../tensor-data.ts';
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

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

function reduce(
  opType: string,
  reductionOf: (node: OpNode, values: KnownValues, shape: Shape) => Reduction,
): OpRule {
  const emitted = opType === 'ReduceSum' ? 'ReduceSum' : 'ReduceMean';
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
      const sum = { value: step.at(input), sizes: step.sizesOf(input), axes };
      const reduced = emitted === 'ReduceSum' ? emitRowSum(writer, sum) : emitRowMean(writer, sum);
      return { output: keepDims ? reduced : writer.reshape(reduced, step.sizesOf(node.output)) };
    },
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      const { writer } = step;
      const sizes = step.sizesOf(input);
      const { axes } = reductionOf(node, step, step.shapeOf(input));
      const kept = sizes.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const count = elementCount(axes.map((axis) => sizes[axis]!));
      let value = writer.reshape(gradient, kept);
      if (emitted === 'ReduceMean') value = writer.emit('Mul', [value, writer.float(1 / count)]);
      return { inputs: [[input, writer.emit('Expand', [value, writer.int64s(sizes)])]], parameters: [] };
    },
  };
}

function givenAxes(node: OpNode, values: KnownValues, shape: Shape): Reduction {
  const axes = axesOf(node, values);
  if (axes === undefined) throw new UnsupportedOp('without axes it would mix rows: name those of a row');
  return {
    axes: axes.map((axis) => rowAxis(axis, shape.length)).sort((a, b) => a - b),
    keepDims: integerAttribute(node, 'keepdims', 1) === 1,
  };
}

export const reduceMean = reduce('ReduceMean', givenAxes);
export const reduceSum = reduce('ReduceSum', givenAxes);
export const globalAveragePool = reduce('GlobalAveragePool', (_node, _values, shape) => ({
  axes: shape.flatMap((_, axis) => (axis >= 2 ? [axis] : [])),
  keepDims: true,
}));
