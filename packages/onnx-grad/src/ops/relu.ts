// Relu: y = max(x, 0), dx = dy where y > 0 and 0 elsewhere (0 at the kink, as in PyTorch).
import { elementwise } from './op-rule.ts';

/** Below its inverse, 2^-127, y counts by its share of it: no number of a model is as small but 0. */
const STEEP = 2 ** 127;

// As a product with min(1, STEEP y), which the runtime computes in half the time of a comparison and its conversion.
export const relu = elementwise('Relu', ({ writer, output, gradient }) => {
  const isPositive = writer.emit('HardSigmoid', [output], { alpha: { float: STEEP }, beta: { float: 0 } });
  return writer.emit('Mul', [gradient, isPositive]);
});
