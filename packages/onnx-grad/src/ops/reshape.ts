// Reshape that keeps each row's values together: y = x in another shape; dx = dy in the shape of x.
import { elementCount } from '../format/tensor-data.ts';
import { constantNumbers, integerAttribute, reshaping, UnsupportedOp } from './op-rule.ts';

export const reshape = reshaping('Reshape', (node, values, shape) => {
  const target = constantNumbers(node.inputs[1]!, values);
  const allowZero = integerAttribute(node, 'allowzero', 0) === 1;
  const width = elementCount(shape.slice(1) as number[]);
  const [first, ...rest] = target.map((extent, axis) => (extent === 0 && !allowZero ? shape[axis]! : extent));
  const known = elementCount(rest.filter((extent) => extent !== -1) as number[]);
  const resolved = rest.map((extent) => (extent === -1 ? width / known : extent)) as number[];
  const isOpen = first === 'rows' || first === -1;
  if (!isOpen || rest.includes('rows') || elementCount(resolved) !== width) {
    throw new UnsupportedOp(
      `reshaping [${shape.join(', ')}] to [${target.join(', ')}] would mix rows: the first axis must stay the ` +
        'number of rows',
      'export with a dynamic first axis',
    );
  }
  return ['rows', ...resolved];
});
