// Abs: y = |x|, dx = dy sign(x) (0 at the kink).
import { elementwise } from './op-rule.ts';

export const abs = elementwise('Abs', ({ writer, input, gradient }) =>
  writer.emit('Mul', [gradient, writer.emit('Sign', [input])]),
);
