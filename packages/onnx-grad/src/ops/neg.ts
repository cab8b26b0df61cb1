// Neg: y = -x, dx = -dy.
import { elementwise } from './op-rule.ts';

export const neg = elementwise('Neg', ({ writer, gradient }) => writer.emit('Neg', [gradient]));
