// Flatten at axis 1: y = x with all axes but the first folded into one; dx = dy in the shape of x.
import { elementCount } from '../format/tensor-data.ts';
import { integerAttribute, reshaping, UnsupportedOp } from './op-rule.ts';

export const flatten = reshaping('Flatten', (node, _values, shape) => {
  const axis = integerAttribute(node, 'axis', 1);
  if (axis !== 1 && axis + shape.length !== 1) throw new UnsupportedOp('its axis must be 1');
  return ['rows', elementCount(shape.slice(1) as number[])];
});
