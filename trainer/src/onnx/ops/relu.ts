// Relu: y = max(x, 0), dx = dy where y > 0 and 0 elsewhere (0 at the kink, as PyTorch has it).
import { elementwise } from './op-rule.ts';

// As a product with the sign of y, which the runtime computes faster than a choice.
export const relu = elementwise('Relu', ({ writer, output, gradient }) =>
  writer.emit('Mul', [gradient, writer.emit('Sign', [output])]),
);
