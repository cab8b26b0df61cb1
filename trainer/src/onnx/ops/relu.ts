// Relu: y = max(x, 0), dx = dy where y > 0 and 0 elsewhere (0 at the kink, as PyTorch has it).
import { elementwise } from './op-rule.ts';

// As a product, which the runtime computes faster than a choice, and a comparison faster than a sign.
export const relu = elementwise('Relu', ({ writer, output, gradient }) => {
  const isPositive = writer.emit('Cast', [writer.emit('Greater', [output, writer.float(0)])], { to: 1 });
  return writer.emit('Mul', [gradient, isPositive]);
});
