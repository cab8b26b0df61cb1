// LayerNormalization over a row's last axes: y = x̂ s + b. A row's gradient of s is Σ dy x̂, that of b Σ dy, over the
// axes before those. Ba et al. 2016.

import { elementCount } from '../format/tensor-data.ts';
import { emitNormalised, emitNormalisedGradient } from './normalise.ts';
import {
  dataShape,
  type ForwardStep,
  floatAttribute,
  integerAttribute,
  type KnownValues,
  type OpNode,
  type OpRule,
  rowAxis,
  UnsupportedOp,
} from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';

function axesOf(node: OpNode, values: KnownValues): number[] {
  const shape = dataShape(node.inputs[0]!, values);
  const first = rowAxis(integerAttribute(node, 'axis', -1), shape.length);
  return shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
}

export const layerNormalization: OpRule = {
  opType: 'LayerNormalization',
  inferShape(node, values) {
    const shape = dataShape(node.inputs[0]!, values);
    const own = axesOf(node, values).map((axis) => shape[axis]!);
    for (const input of node.inputs.slice(1).filter((name) => name !== '')) {
      if (values.shapeOf(input).join() !== own.join()) {
        throw new UnsupportedOp(`${input} must have the shape [${own.join(', ')}]`);
      }
    }
    return shape;
  },
  forward(node, step) {
    const { writer } = step;
    const [data, scale, bias] = node.inputs as [string, string, string | undefined];
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const { normalised, inverse } = emitNormalised(step, {
      value: step.at(data),
      sizes: step.sizesOf(data),
      axes: axesOf(node, step),
      epsilon,
    });
    const scaled = writer.emit('Mul', [normalised, step.at(scale)]);
    const output = bias ? writer.emit('Add', [scaled, step.at(bias)]) : scaled;
    return { output, saved: [normalised, inverse] };
  },
  backward(node, gradient, step) {
    const { writer } = step;
    const [data, scale, bias] = node.inputs as [string, string, string | undefined];
    const [normalised, inverse] = step.savedBy(node) as [string, string];
    const axes = axesOf(node, step);
    const sizes = step.sizesOf(data);
    const perRow = (parameter: string, value: string) => {
      const before = Array.from({ length: axes[0]! - 1 }, (_, i) => i + 1);
      const summed = emitRowSum(writer, { value, sizes, axes: before });
      return step.norms.perRow({ parameter, value: summed, size: elementCount(step.sizesOf(parameter)) });
    };
    const parameters = [];
    if (step.isParameter(scale)) {
      parameters.push(perRow(scale, writer.emit('Mul', [gradient, normalised])));
    }
    if (bias && step.isParameter(bias)) parameters.push(perRow(bias, gradient));
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    const scaled = writer.emit('Mul', [gradient, step.at(scale)]);
    const back = emitNormalisedGradient(step as ForwardStep, {
      gradient: scaled,
      normalised,
      inverse,
      sizes,
      axes,
    });
    return { inputs: [[data, back]], parameters };
  },
};
