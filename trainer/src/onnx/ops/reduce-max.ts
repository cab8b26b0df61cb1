// ReduceMax, ReduceMin and GlobalMaxPool over a row's axes: dx = dy at the extreme value, in equal parts where several
// are equal, as PyTorch's amax has it.
//
// The runtime's own reductions treat NaN by where in memory a row begins, so extremes are taken pairwise, in halves.
import type { GraphWriter } from '../graph-writer.ts';
import { emitRowSum } from '../row-sums.ts';
import { dataShape, NO_GRADIENTS, type OpRule } from './op-rule.ts';
import { givenAxes, type Reduction, reducedShape, spatialAxes } from './reduction.ts';

/** The extreme over the axes given, which stay as axes of extent 1. */
function emitExtreme(
  writer: GraphWriter,
  op: 'Max' | 'Min',
  {
    value,
    sizes,
    axes,
  }: { readonly value: string; readonly sizes: readonly number[]; readonly axes: readonly number[] },
): string {
  let current = value;
  for (const axis of axes) {
    const part = (start: number, end: number) =>
      writer.emit('Slice', [current, ...[[start], [end], [axis]].map((list) => writer.int64s(list))]);
    for (let extent = sizes[axis]!; extent > 1; extent = Math.ceil(extent / 2)) {
      // An odd one's middle is in both halves.
      const half = Math.ceil(extent / 2);
      current = writer.emit(op, [part(0, half), part(extent - half, extent)]);
    }
  }
  return current;
}

function extreme(
  opType: string,
  op: 'Max' | 'Min',
  reductionOf: (...given: Parameters<typeof givenAxes>) => Reduction,
): OpRule {
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
      const kept = emitExtreme(writer, op, { value: step.at(input), sizes: step.sizesOf(input), axes });
      return { output: keepDims ? kept : writer.reshape(kept, step.sizesOf(node.output)), saved: [kept] };
    },
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      const { writer } = step;
      const sizes = step.sizesOf(input);
      const { axes } = reductionOf(node, step, step.shapeOf(input));
      const [kept] = step.savedBy(node) as [string];
      const isExtreme = writer.emit('Cast', [writer.emit('Equal', [step.at(input), kept])], { to: 1 });
      const count = emitRowSum(writer, { value: isExtreme, sizes, axes });
      const shared = writer.emit('Div', [
        writer.reshape(
          gradient,
          sizes.map((size, axis) => (axes.includes(axis) ? 1 : size)),
        ),
        count,
      ]);
      return { inputs: [[input, writer.emit('Mul', [isExtreme, shared])]], parameters: [] };
    },
  };
}

export const reduceMax = extreme('ReduceMax', 'Max', givenAxes);
export const reduceMin = extreme('ReduceMin', 'Min', givenAxes);
export const globalMaxPool = extreme('GlobalMaxPool', 'Max', spatialAxes);
