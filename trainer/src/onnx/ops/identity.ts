// Identity: y = x, dx = dy.
import { elementwise } from './op-rule.ts';

export const identity = elementwise('Identity', ({ gradient }) => gradient);
