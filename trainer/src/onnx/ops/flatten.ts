// Flatten at axis 1: y = x with all axes but the first folded into one; dx = dy in the shape of x.
import { elementCount } from '../tensor-data.ts';
import { integerAttribute, type OpRule, UnsupportedOp } from './op-rule.ts';

export const flatten: OpRule = {
  opType: 'Flatten',
  inferShape(node, values) {
    if (integerAttribute(node, 'axis', 1) !== 1) throw new UnsupportedOp('its axis must be 1');
    const [rows, ...rest] = values.shapeOf(node.inputs[0]!);
    if (rows !== 'rows') throw new UnsupportedOp('its input must be data');
    return ['rows', elementCount(rest as number[])];
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return { inputs: [], parameters: [] };
    const shape = step.shapeOf(input).map((extent) => (extent === 'rows' ? step.rowCount : extent));
    return { inputs: [[input, step.writer.reshape(gradient, shape)]], parameters: [] };
  },
};
