// Div: y = a / b, da = dy / b, db = -dy y / b.
import { binary } from './broadcast.ts';

export const div = binary('Div', [
  ({ writer, gradient, second }) => writer.emit('Div', [gradient, second]),
  ({ writer, gradient, second, output }) =>
    writer.emit('Neg', [writer.emit('Mul', [gradient, writer.emit('Div', [output, second])])]),
]);
