// Add: y = a + b, da = dy, db = dy: a residual, an offset, or a constant.
import { binary } from './broadcast.ts';

export const add = binary('Add', [({ gradient }) => gradient, ({ gradient }) => gradient]);
