// Cast of data. A cast to float does not change gradients. A cast to integers makes codes, through which no gradient
// flows, and which are defined for every number (`integers.ts`).

import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from '../format/onnx-schema.ts';
import { emitConditions, emitIntegers } from './integers.ts';
import {
  dataShape,
  integerAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';

const FLOAT = [ELEMENT_TYPE.float, ELEMENT_TYPE.double] as const;
const DISCRETE = [ELEMENT_TYPE.int32, ELEMENT_TYPE.int64, ELEMENT_TYPE.bool] as const;

const toFloat = (node: OpNode): boolean =>
  (FLOAT as readonly number[]).includes(integerAttribute(node, 'to', 0));

/** The Cast for a CastLike: to float, the type of all data that has a gradient. */
export function castOfLike(node: OpNode, values: KnownValues): OpNode {
  const like = node.inputs[1]!;
  if (values.isDiscrete(like) || values.constantOf(like)?.isInteger) {
    throw new UnsupportedOp(`its input ${like} does not say which integers it casts to`, 'use Cast');
  }
  const to = { name: 'to', type: ATTRIBUTE_TYPE.int, i: ELEMENT_TYPE.float };
  return { ...node, opType: 'Cast', inputs: node.inputs.slice(0, 1), attributes: [to] };
}

export const cast: OpRule = {
  opType: 'Cast',
  inferShape(node, values: KnownValues) {
    const to = integerAttribute(node, 'to', 0);
    if (!toFloat(node) && !(DISCRETE as readonly number[]).includes(to)) {
      throw new UnsupportedOp(`it casts to element type ${to}`, 'use float32');
    }
    return dataShape(node.inputs[0]!, values);
  },
  isDiscrete: (node) => !toFloat(node),
  forward(node, step) {
    const value = step.at(node.inputs[0]!);
    if (toFloat(node) && !step.isDiscrete(node.inputs[0]!)) return { output: value };
    const { writer } = step;
    const isFromDiscrete = step.isDiscrete(node.inputs[0]!);
    if (toFloat(node)) return { output: writer.emit('Cast', [value], { to: ELEMENT_TYPE.float }) };
    // Integers and conditions alike.
    const double = isFromDiscrete ? writer.emit('Cast', [value], { to: ELEMENT_TYPE.double }) : undefined;
    if (integerAttribute(node, 'to', 0) === ELEMENT_TYPE.bool) {
      const zero = double === undefined ? writer.float(0) : writer.double(0);
      return { output: emitConditions(writer, double ?? value, zero) };
    }
    return { output: double ?? emitIntegers(writer, value) };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!toFloat(node) || !step.needsGradient(input)) return NO_GRADIENTS;
    return { inputs: [[input, gradient]], parameters: [] };
  },
};
