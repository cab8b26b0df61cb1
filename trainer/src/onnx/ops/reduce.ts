// ReduceMean and ReduceSum over a row's axes, and GlobalAveragePool: y = Σ x / n or Σ x; dx = dy, spread back.
import { emitRowMean, emitRowSum } from '../row-sums.ts';
import { elementCount } from '../tensor-data.ts';
import { dataShape, NO_GRADIENTS, type OpRule } from './op-rule.ts';
import { givenAxes, type Reduction, reducedShape, spatialAxes } from './reduction.ts';

function reduce(opType: string, reductionOf: (...given: Parameters<typeof givenAxes>) => Reduction): OpRule {
  const emitted = opType === 'ReduceSum' ? 'ReduceSum' : 'ReduceMean';
  return {
    opType,
    inferShape(node, values) {
      const shape = dataShape(node.inputs[0]!, values);
      return reducedShape(shape, reductionOf(node, values, shape));
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

export const reduceMean = reduce('ReduceMean', givenAxes);
export const reduceSum = reduce('ReduceSum', givenAxes);
export const globalAveragePool = reduce('GlobalAveragePool', spatialAxes);
