// Pow by a constant exponent p: y = x^p, dx = dy p x^(p-1).
import { constantNumbers, dataShape, NO_GRADIENTS, type OpRule, UnsupportedOp } from './op-rule.ts';

export const pow: OpRule = {
  opType: 'Pow',
  inferShape(node, values) {
    if (constantNumbers(node.inputs[1]!, values).length !== 1)
      throw new UnsupportedOp('one exponent is wanted');
    return dataShape(node.inputs[0]!, values);
  },
  forward(node, step) {
    const [p] = constantNumbers(node.inputs[1]!, step) as [number];
    return { output: step.writer.emit('Pow', [step.at(node.inputs[0]!), step.writer.float(p)]) };
  },
  backward(node, gradient, step) {
    const [input, exponent] = node.inputs as [string, string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const [p] = constantNumbers(exponent, step) as [number];
    const x = step.at(input);
    const power = p === 2 ? x : writer.emit('Pow', [x, writer.float(p - 1)]);
    const slope = writer.emit('Mul', [power, writer.float(p)]);
    return { inputs: [[input, writer.emit('Mul', [gradient, slope])]], parameters: [] };
  },
};
