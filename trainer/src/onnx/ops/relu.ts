// Relu: y = max(x, 0), dx = dy where y > 0 and 0 elsewhere (0 at the kink, as PyTorch has it).
import { elementwise } from './op-rule.ts';

export const relu = elementwise('Relu', ({ writer, output, gradient }) =>
  writer.emit('Where', [writer.emit('Greater', [output, writer.float(0)]), gradient, writer.float(0)]),
);
