// HardSigmoid: y = min(max(α x + β, 0), 1), dx = α dy where 0 < y < 1 and 0 elsewhere. HardSwish: y = x h with h the
// hard sigmoid of α = 1/6 and β = 1/2, dx = dy (h + x h'). Howard et al. 2019.
import type { GraphWriter } from '../format/graph-writer.ts';
import { emitBetween, emitClipped } from './clip.ts';
import { elementwise, floatAttribute, type OpNode } from './op-rule.ts';

const UNIT = { low: 0, high: 1 };

interface Line {
  readonly alpha: number;
  readonly beta: number;
}

const lineOf = (node: OpNode): Line => ({
  alpha: floatAttribute(node, 'alpha', 0.2),
  beta: floatAttribute(node, 'beta', 0.5),
});
const SWISH: Line = { alpha: 1 / 6, beta: 0.5 };

function emitLine(writer: GraphWriter, x: string, { alpha, beta }: Line): string {
  return writer.emit('Add', [writer.emit('Mul', [x, writer.float(alpha)]), writer.float(beta)]);
}

/** α times the gradient where the line lies between 0 and 1. */
function emitSlope(
  writer: GraphWriter,
  operands: { readonly line: string; readonly gradient: string },
  { alpha }: Line,
): string {
  const { line: x, gradient } = operands;
  return writer.emit('Mul', [emitBetween(writer, { x, gradient }, UNIT), writer.float(alpha)]);
}

export const hardSigmoid = elementwise(
  'HardSigmoid',
  ({ writer, node, input, gradient }) =>
    emitSlope(writer, { line: emitLine(writer, input, lineOf(node)), gradient }, lineOf(node)),
  (writer, node, x) => emitClipped(writer, emitLine(writer, x, lineOf(node)), UNIT),
);

export const hardSwish = elementwise(
  'HardSwish',
  ({ writer, input, gradient }) => {
    const line = emitLine(writer, input, SWISH);
    const gated = writer.emit('Mul', [gradient, emitClipped(writer, line, UNIT)]);
    const steered = emitSlope(writer, { line, gradient: writer.emit('Mul', [gradient, input]) }, SWISH);
    return writer.emit('Add', [gated, steered]);
  },
  (writer, _node, x) => writer.emit('Mul', [x, emitClipped(writer, emitLine(writer, x, SWISH), UNIT)]),
);
