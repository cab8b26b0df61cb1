// Softmax along one axis: y = exp(x) / Σ exp(x), dx = y (dy - Σ dy y). LogSoftmax: dx = dy - exp(y) Σ dy.

import {
  dataShape,
  integerAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  rowAxis,
  UnsupportedOp,
} from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';

function axisOf(node: OpNode, values: KnownValues): number {
  const rank = dataShape(node.inputs[0]!, values).length;
  const axis = rowAxis(integerAttribute(node, 'axis', node.opset < 13 ? 1 : -1), rank);
  // Before operator set 13 all axes from this one on were taken as one.
  if (node.opset < 13 && axis !== rank - 1) throw new UnsupportedOp('its axis must be the last one');
  return axis;
}

function alongAxis(
  opType: string,
  gradientOf: (step: {
    readonly writer: Parameters<NonNullable<OpRule['forward']>>[1]['writer'];
    readonly output: string;
    readonly gradient: string;
    readonly sum: (value: string) => string;
  }) => string,
): OpRule {
  return {
    opType,
    inferShape(node, values) {
      axisOf(node, values);
      return values.shapeOf(node.inputs[0]!);
    },
    forward: (node, step) => ({
      output: step.writer.emit(opType, [step.at(node.inputs[0]!)], { axis: axisOf(node, step) }),
    }),
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      const { writer } = step;
      const axis = axisOf(node, step);
      const sizes = step.sizesOf(input);
      const sum = (value: string) => emitRowSum(writer, { value, sizes, axes: [axis] });
      const emitted = gradientOf({ writer, output: step.at(node.output), gradient, sum });
      return { inputs: [[input, emitted]], parameters: [] };
    },
  };
}

export const softmax = alongAxis('Softmax', ({ writer, output, gradient, sum }) => {
  const inner = sum(writer.emit('Mul', [gradient, output]));
  return writer.emit('Mul', [output, writer.emit('Sub', [gradient, inner])]);
});

export const logSoftmax = alongAxis('LogSoftmax', ({ writer, output, gradient, sum }) => {
  const spread = writer.emit('Mul', [writer.emit('Exp', [output]), sum(gradient)]);
  return writer.emit('Sub', [gradient, spread]);
});
