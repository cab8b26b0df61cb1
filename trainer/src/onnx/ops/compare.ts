// Greater, Less and their kin: a row's values against constants or each other. The answer is a boolean, through
// which no gradient flows; Where makes use of it.
import { mul } from './mul.ts';
import { NO_GRADIENTS, type OpRule } from './op-rule.ts';

const compare = (opType: string): OpRule => ({
  opType,
  inferShape: mul.inferShape,
  isDiscrete: () => true,
  backward: () => NO_GRADIENTS,
});

export const comparisons = ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].map(compare);
