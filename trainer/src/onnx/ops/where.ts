// Where: y = a where a condition holds and b elsewhere; da = dy where it holds, db = dy elsewhere. The condition is on
// the data, or constant, such as a mask of attention; a and b are data, constants, or trained.
import { ELEMENT_TYPE } from '../onnx-schema.ts';
import { broadcastShape, gradientsOfOperands } from './broadcast.ts';
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
    if (values.isParameter(condition)) throw new UnsupportedOp(`its condition ${condition} must be booleans`);
    return broadcastShape(node, values);
  },
  isDiscrete: (node, values) =>
    node.inputs
      .slice(1)
      .every((branch) => values.isDiscrete(branch) || values.constantOf(branch)?.isInteger === true),
  forward(node, step) {
    const branches = node.inputs.slice(1).map((branch) => step.at(branch));
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
