// Softplus: y = log(1 + exp(x)), dx = dy σ(x).
import type { GraphWriter } from '../format/graph-writer.ts';
import { emitLog } from './log.ts';
import { elementwise } from './op-rule.ts';

/** max(x, 0) + log(1 + exp(-|x|)): the runtime's own operator rounds the last few values of an array differently. */
export function emitSoftplus(writer: GraphWriter, x: string): string {
  const small = writer.emit('Exp', [writer.emit('Neg', [writer.emit('Abs', [x])])]);
  const rest = emitLog(writer, writer.emit('Add', [small, writer.float(1)]));
  return writer.emit('Add', [writer.emit('Max', [x, writer.float(0)]), rest]);
}

export const softplus = elementwise(
  'Softplus',
  ({ writer, input, gradient }) => writer.emit('Mul', [gradient, writer.emit('Sigmoid', [input])]),
  (writer, _node, x) => emitSoftplus(writer, x),
);
