// Transpose of a row's axes: y = x with axes in another order; dx = dy with them put back.
import { dataShape, NO_GRADIENTS, type OpRule, UnsupportedOp } from './op-rule.ts';
import { permutationOf } from './parameter-view.ts';

export const transpose: OpRule = {
  opType: 'Transpose',
  inferShape(node, values) {
    const shape = dataShape(node.inputs[0]!, values);
    const perm = permutationOf(node, shape.length);
    if (perm[0] !== 0) {
      throw new UnsupportedOp('it moves the first axis, the rows', 'keep the batch first');
    }
    return perm.map((axis) => shape[axis]!);
  },
  isDiscrete: (node, values) => values.isDiscrete(node.inputs[0]!),
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const perm = permutationOf(node, step.shapeOf(input).length);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return {
      inputs: [[input, step.writer.emit('Transpose', [gradient], { perm: inverse })]],
      parameters: [],
    };
  },
};
