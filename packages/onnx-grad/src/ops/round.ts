// Round (halves to the even neighbour), Floor and Ceil: constant between their jumps, so their gradient is 0, as
// autograd takes it at the jumps too.
import { dataShape, NO_GRADIENTS, type OpRule } from './op-rule.ts';

const rounding = (opType: string): OpRule => ({
  opType,
  inferShape: (node, values) => dataShape(node.inputs[0]!, values),
  hasNoGradient: true,
  backward: () => NO_GRADIENTS,
});

export const roundings = ['Round', 'Floor', 'Ceil'].map(rounding);
