// Where: y = a where a condition holds and b elsewhere; da = dy where it holds, db = dy elsewhere. The condition is on
// the data, or constant, such as a mask of attention; a and b are data, constants, or trained.
import { ELEMENT_TYPE } from '../format/onnx-schema.ts';
import { broadcastShape, gradientsOfOperands } from './broadcast.ts';
import { areDiscrete, emitOperand, isDiscreteOperand } from './integers.ts';
import { type ForwardStep, type OpNode, type OpRule, UnsupportedOp } from './op-rule.ts';

/** Constants of booleans are integers. */
function emitCondition(node: OpNode, step: ForwardStep): string {
  const condition = node.inputs[0]!;
  const at = step.at(condition);
  if (step.constantOf(condition) === undefined) return at;
  return step.writer.emit('Cast', [at], { to: ELEMENT_TYPE.bool });
}

export const where: OpRule = {
  opType: 'Where',
  inferShape(node, values) {
    const [condition] = node.inputs as [string];
    if (!values.isDiscrete(condition) && values.constantOf(condition) === undefined) {
      throw new UnsupportedOp(`its condition ${condition} must be booleans`);
    }
    const branches = node.inputs.slice(1);
    const areIntegers = branches.every((branch) => isDiscreteOperand(branch, values));
    areDiscrete(areIntegers ? node.inputs : branches, values);
    return broadcastShape(node, values);
  },
  isDiscrete: (node, values) => node.inputs.slice(1).every((branch) => isDiscreteOperand(branch, values)),
  forward(node, step) {
    const operands = node.inputs.slice(1);
    const name = operands.every((branch) => isDiscreteOperand(branch, step)) ? emitOperand : step.at;
    const branches = operands.map((branch) => name(branch, step));
    const condition = emitCondition(node, step);
    return { output: step.writer.emit('Where', [condition, ...branches]), saved: [condition] };
  },
  backward(node, gradient, step) {
    const [, yes, no] = node.inputs as [string, string, string];
    const { writer } = step;
    const zero = writer.float(0);
    const [condition] = step.savedBy(node) as [string];
    const sizes = step.sizesOf(node.output);
    return gradientsOfOperands(
      [
        [yes, () => writer.emit('Where', [condition, gradient, zero])],
        [no, () => writer.emit('Where', [condition, zero, gradient])],
      ],
      sizes,
      step,
    );
  },
};
