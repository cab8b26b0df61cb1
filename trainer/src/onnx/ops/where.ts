// Where of a condition on the data: y = a where it holds and b elsewhere; da = dy where it holds, db = dy elsewhere.
import { dataShape, NO_GRADIENTS, type OpRule, UnsupportedOp } from './op-rule.ts';

export const where: OpRule = {
  opType: 'Where',
  inferShape(node, values) {
    const [condition, ...branches] = node.inputs as [string, string, string];
    const shape = dataShape(condition, values);
    for (const branch of branches) {
      if (values.isParameter(branch)) throw new UnsupportedOp(`its input ${branch} must be data or constant`);
      const own = values.shapeOf(branch);
      const isScalar = own.every((extent) => extent === 1);
      if (!isScalar && own.join() !== shape.join()) {
        throw new UnsupportedOp('condition and branches must have the same shape');
      }
    }
    return shape;
  },
  isDiscrete: (node, values) =>
    node.inputs
      .slice(1)
      .every((branch) => values.isDiscrete(branch) || values.constantOf(branch)?.isInteger === true),
  backward(node, gradient, step) {
    const [condition, yes, no] = node.inputs as [string, string, string];
    const { writer } = step;
    if (!step.needsGradient(yes) && !step.needsGradient(no)) return NO_GRADIENTS;
    const zero = writer.float(0);
    const inputs: [string, string][] = [];
    const at = step.at(condition);
    if (step.needsGradient(yes)) inputs.push([yes, writer.emit('Where', [at, gradient, zero])]);
    if (step.needsGradient(no)) inputs.push([no, writer.emit('Where', [at, zero, gradient])]);
    return { inputs, parameters: [] };
  },
};
