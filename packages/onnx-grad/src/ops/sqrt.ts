// Sqrt: y = √x, dx = dy / 2y.
import { elementwise } from './op-rule.ts';

export const sqrt = elementwise('Sqrt', ({ writer, output, gradient }) =>
  writer.emit('Div', [gradient, writer.emit('Mul', [output, writer.float(2)])]),
);
