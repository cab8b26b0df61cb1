// LeakyRelu: y = x where x > 0 and α x elsewhere; dx = dy or α dy (α dy at the kink, as in PyTorch).
import { elementwise, floatAttribute } from './op-rule.ts';

export const leakyRelu = elementwise('LeakyRelu', ({ writer, node, input, gradient }) => {
  const alpha = writer.float(floatAttribute(node, 'alpha', 0.01));
  const positive = writer.emit('Greater', [input, writer.float(0)]);
  return writer.emit('Where', [positive, gradient, writer.emit('Mul', [gradient, alpha])]);
});
