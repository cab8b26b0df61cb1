// Log: y = log(x), dx = dy / x.
import { elementwise } from './op-rule.ts';

export const log = elementwise('Log', ({ writer, input, gradient }) => writer.emit('Div', [gradient, input]));
