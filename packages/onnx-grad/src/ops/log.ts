// Log: y = log(x), dx = dy / x.
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementwise } from './op-rule.ts';

/**
 * log(x), as the logarithm of a sum of one term: the runtime's own logarithm rounds the last few values of an array
 * differently.
 */
export function emitLog(writer: GraphWriter, x: string): string {
  const term = writer.emit('Unsqueeze', [x, writer.int64s([-1])]);
  return writer.emit('ReduceLogSum', [term], { axes: [-1], keepdims: 0 });
}

export const log = elementwise(
  'Log',
  ({ writer, input, gradient }) => writer.emit('Div', [gradient, input]),
  (writer, _node, x) => emitLog(writer, x),
);
