// Greater, Less and their kin: a row's values against constants or each other. The answer is a boolean, through
// which no gradient flows; Where makes use of it.
import { mul } from './mul.ts';
import { dataShape, NO_GRADIENTS, type OpRule } from './op-rule.ts';

const compare = (opType: string): OpRule => ({
  opType,
  inferShape: mul.inferShape,
  isDiscrete: () => true,
  backward: () => NO_GRADIENTS,
});

export const comparisons = ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].map(compare);

/** Of conditions on the data. */
export const not: OpRule = {
  opType: 'Not',
  inferShape: (node, values) => dataShape(node.inputs[0]!, values),
  isDiscrete: () => true,
  backward: () => NO_GRADIENTS,
};
