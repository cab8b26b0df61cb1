// Greater, Less and their kin: a row's values against constants or each other. The answer is a boolean, through
// which no gradient flows; Where makes use of it.
import { broadcastShape } from './broadcast.ts';
import { areDiscrete, emitOperand } from './integers.ts';
import { dataShape, NO_GRADIENTS, type OpRule, UnsupportedOp } from './op-rule.ts';

const compare = (opType: string): OpRule => ({
  opType,
  inferShape(node, values) {
    areDiscrete(node.inputs, values);
    return broadcastShape(node, values);
  },
  isDiscrete: () => true,
  forward(node, step) {
    const name = areDiscrete(node.inputs, step) ? emitOperand : step.at;
    return {
      output: step.writer.emit(
        opType,
        node.inputs.map((input) => name(input, step)),
      ),
    };
  },
  backward: () => NO_GRADIENTS,
});

export const comparisons = ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].map(compare);

/** Of conditions on the data. */
export const not: OpRule = {
  opType: 'Not',
  inferShape(node, values) {
    const [condition] = node.inputs as [string];
    if (!values.isDiscrete(condition)) throw new UnsupportedOp(`its input ${condition} must be conditions`);
    return dataShape(condition, values);
  },
  isDiscrete: () => true,
  backward: () => NO_GRADIENTS,
};
