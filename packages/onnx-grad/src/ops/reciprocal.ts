// Reciprocal: y = 1 / x, dx = -dy y².
import { elementwise } from './op-rule.ts';

export const reciprocal = elementwise('Reciprocal', ({ writer, output, gradient }) =>
  writer.emit('Neg', [writer.emit('Mul', [gradient, writer.emit('Mul', [output, output])])]),
);
