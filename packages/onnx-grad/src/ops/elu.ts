// Elu: y = x where x > 0 and α (exp(x) - 1) elsewhere; dx = dy or dy (y + α).
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementwise, floatAttribute, type OpNode } from './op-rule.ts';

const alphaOf = (writer: GraphWriter, node: OpNode): string => writer.float(floatAttribute(node, 'alpha', 1));

/**
 * max(x, 0) + α (exp(min(x, 0)) - 1): the runtime's own operator rounds the last few values of an array differently.
 */
function emitElu(writer: GraphWriter, node: OpNode, x: string): string {
  const zero = writer.float(0);
  const exponential = writer.emit('Exp', [writer.emit('Min', [x, zero])]);
  const below = writer.emit('Mul', [
    writer.emit('Sub', [exponential, writer.float(1)]),
    alphaOf(writer, node),
  ]);
  return writer.emit('Add', [writer.emit('Max', [x, zero]), below]);
}

export const elu = elementwise(
  'Elu',
  ({ writer, node, input, output, gradient }) => {
    const slope = writer.emit('Add', [output, alphaOf(writer, node)]);
    const positive = writer.emit('Greater', [input, writer.float(0)]);
    return writer.emit('Where', [positive, gradient, writer.emit('Mul', [gradient, slope])]);
  },
  emitElu,
);
