// Elu: y = x where x > 0 and α (exp(x) - 1) elsewhere; dx = dy or dy (y + α).
import { elementwise, floatAttribute } from './op-rule.ts';

export const elu = elementwise('Elu', ({ writer, node, input, output, gradient }) => {
  const alpha = writer.float(floatAttribute(node, 'alpha', 1));
  const slope = writer.emit('Add', [output, alpha]);
  const positive = writer.emit('Greater', [input, writer.float(0)]);
  return writer.emit('Where', [positive, gradient, writer.emit('Mul', [gradient, slope])]);
});
