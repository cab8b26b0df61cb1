// Mul: y = a b, da = dy b, db = dy a: a gate, a scale, or a constant.
import { binary } from './broadcast.ts';

export const mul = binary('Mul', [
  ({ writer, gradient, second }) => writer.emit('Mul', [gradient, second]),
  ({ writer, gradient, first }) => writer.emit('Mul', [gradient, first]),
]);
