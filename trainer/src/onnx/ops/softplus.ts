// Softplus: y = log(1 + exp(x)), dx = dy σ(x).
import { elementwise } from './op-rule.ts';

export const softplus = elementwise('Softplus', ({ writer, input, gradient }) =>
  writer.emit('Mul', [gradient, writer.emit('Sigmoid', [input])]),
);
