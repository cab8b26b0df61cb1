// Erf: y = erf(x), dx = dy 2/√π exp(-x²): what a Gelu of older exports is made of.
import { elementwise } from './op-rule.ts';

export const erf = elementwise('Erf', ({ writer, input, gradient }) => {
  const square = writer.emit('Mul', [input, input]);
  const slope = writer.emit('Mul', [
    writer.emit('Exp', [writer.emit('Neg', [square])]),
    writer.float(2 / Math.sqrt(Math.PI)),
  ]);
  return writer.emit('Mul', [gradient, slope]);
});
