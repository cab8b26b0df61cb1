// Clip between constant bounds, such as ReLU6: y = min(max(x, low), high), dx = dy between the bounds and 0 elsewhere
// (0 at the kinks, as in PyTorch's ReLU6). A bound that is left out is infinite.
import type { GraphWriter } from '../format/graph-writer.ts';
import {
  constantNumbers,
  dataShape,
  elementwise,
  floatAttribute,
  type KnownValues,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';

function boundOf(node: OpNode, values: KnownValues, which: 'min' | 'max'): number | undefined {
  const input = node.inputs[which === 'min' ? 1 : 2];
  if (!input) {
    const bound = floatAttribute(node, which, Number.NaN);
    return Number.isNaN(bound) ? undefined : bound;
  }
  const [bound, ...others] = constantNumbers(input, values);
  if (typeof bound !== 'number' || others.length > 0 || Number.isNaN(bound)) {
    throw new UnsupportedOp(`its bound ${input} must be one number`);
  }
  return bound;
}

const boundsOf = (node: OpNode, values: KnownValues) => ({
  low: boundOf(node, values, 'min'),
  high: boundOf(node, values, 'max'),
});

/** min(max(x, low), high). */
export function emitClipped(
  writer: GraphWriter,
  x: string,
  { low, high }: { readonly low: number | undefined; readonly high: number | undefined },
): string {
  const raised = low === undefined ? x : writer.emit('Max', [x, writer.float(low)]);
  return high === undefined ? raised : writer.emit('Min', [raised, writer.float(high)]);
}

/** The gradient where x lies between the bounds, 0 elsewhere. */
export function emitBetween(
  writer: GraphWriter,
  operands: { readonly x: string; readonly gradient: string },
  { low, high }: { readonly low: number | undefined; readonly high: number | undefined },
): string {
  const { x, gradient } = operands;
  const within = (op: string, bound: number) =>
    writer.emit('Cast', [writer.emit(op, [x, writer.float(bound)])], { to: 1 });
  const above = low === undefined ? gradient : writer.emit('Mul', [gradient, within('Greater', low)]);
  return high === undefined ? above : writer.emit('Mul', [above, within('Less', high)]);
}

export const clip: OpRule = {
  ...elementwise(
    'Clip',
    ({ writer, node, input, gradient, values }) =>
      emitBetween(writer, { x: input, gradient }, boundsOf(node, values)),
    (writer, node, x, values) => emitClipped(writer, x, boundsOf(node, values)),
  ),
  inferShape(node, values) {
    boundsOf(node, values);
    return dataShape(node.inputs[0]!, values);
  },
};
