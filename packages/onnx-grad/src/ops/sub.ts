// Sub: y = a - b, da = dy, db = -dy.
import { binary } from './broadcast.ts';

export const sub = binary('Sub', [
  ({ gradient }) => gradient,
  ({ writer, gradient }) => writer.emit('Neg', [gradient]),
]);
