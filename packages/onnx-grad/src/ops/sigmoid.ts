// Sigmoid: y = 1 / (1 + exp(-x)), dx = dy y (1 - y).
import { elementwise } from './op-rule.ts';

export const sigmoid = elementwise('Sigmoid', ({ writer, output, gradient }) => {
  const slope = writer.emit('Mul', [output, writer.emit('Sub', [writer.float(1), output])]);
  return writer.emit('Mul', [gradient, slope]);
});
