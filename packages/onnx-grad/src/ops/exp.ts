// Exp: y = exp(x), dx = dy y.
import { elementwise } from './op-rule.ts';

export const exp = elementwise('Exp', ({ writer, output, gradient }) =>
  writer.emit('Mul', [gradient, output]),
);
