// Tanh: y = tanh(x), dx = dy (1 - y²).
import { elementwise } from './op-rule.ts';

export const tanh = elementwise('Tanh', ({ writer, output, gradient }) => {
  const slope = writer.emit('Sub', [writer.float(1), writer.emit('Mul', [output, output])]);
  return writer.emit('Mul', [gradient, slope]);
});
