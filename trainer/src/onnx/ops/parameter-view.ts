// Nodes that give a trainable initialiser another shape: it is trained in the shape that it is used in, which is the
// same numbers in the same order.
import { ELEMENT_TYPE } from '../onnx-schema.ts';
import { elementCount } from '../tensor-data.ts';
import { axesOf, constantNumbers, integerAttribute, type KnownValues, type OpNode } from './op-rule.ts';

function reshaped(node: OpNode, values: KnownValues, shape: readonly number[]): number[] {
  const target = constantNumbers(node.inputs[1]!, values) as readonly number[];
  const allowZero = integerAttribute(node, 'allowzero', 0) === 1;
  const given = target.map((extent, axis) => (extent === 0 && !allowZero ? shape[axis]! : extent));
  const rest = elementCount(shape) / elementCount(given.filter((extent) => extent !== -1));
  return given.map((extent) => (extent === -1 ? rest : extent));
}

/** The shape in which the node passes on its first input, a trainable initialiser; undefined where it does more. */
export function shapeOfView(node: OpNode, values: KnownValues): readonly number[] | undefined {
  const shape = values.shapeOf(node.inputs[0]!) as readonly number[];
  switch (node.opType) {
    case 'Reshape':
      return reshaped(node, values, shape);
    case 'Cast':
      return integerAttribute(node, 'to', 0) === ELEMENT_TYPE.float ? shape : undefined;
    case 'Unsqueeze': {
      const axes = axesOf(node, values) ?? [];
      const rank = shape.length + axes.length;
      const sorted = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
      return sorted.reduce<readonly number[]>((result, axis) => result.toSpliced(axis, 0, 1), shape);
    }
    case 'Squeeze': {
      const axes = axesOf(node, values)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
      return shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !axes.includes(axis)));
    }
    default:
      return undefined;
  }
}
