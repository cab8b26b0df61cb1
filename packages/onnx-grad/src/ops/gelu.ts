// Gelu: y = x Φ(x), dx = dy (Φ(x) + x φ(x)); or its tanh approximation y = x (1 + tanh u) / 2 with
// u = √(2/π) (x + 0.044715 x³), dx = dy ((1 + tanh u) / 2 + x (1 - tanh² u) u' / 2). Hendrycks and Gimpel 2016.
import type { GraphWriter } from '../format/graph-writer.ts';
import {
  dataShape,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  stringAttribute,
  UnsupportedOp,
} from './op-rule.ts';

const CUBIC = 0.044715;
const isTanh = (node: OpNode): boolean => stringAttribute(node, 'approximate', 'none') === 'tanh';

/** Φ(x), or its approximation (1 + tanh u) / 2. */
function gateOf(writer: GraphWriter, node: OpNode, x: string): string {
  const half = writer.float(0.5);
  if (!isTanh(node)) {
    const scaled = writer.emit('Mul', [x, writer.float(Math.SQRT1_2)]);
    const sum = writer.emit('Add', [writer.emit('Erf', [scaled]), writer.float(1)]);
    return writer.emit('Mul', [sum, half]);
  }
  const square = writer.emit('Mul', [x, x]);
  const inner = writer.emit('Add', [writer.emit('Mul', [square, writer.float(CUBIC)]), writer.float(1)]);
  const u = writer.emit('Mul', [writer.emit('Mul', [x, inner]), writer.float(Math.sqrt(2 / Math.PI))]);
  return writer.emit('Mul', [writer.emit('Add', [writer.emit('Tanh', [u]), writer.float(1)]), half]);
}

export const gelu: OpRule = {
  opType: 'Gelu',
  inferShape(node, values) {
    if (!['none', 'tanh'].includes(stringAttribute(node, 'approximate', 'none'))) {
      throw new UnsupportedOp('approximate must be none or tanh');
    }
    return dataShape(node.inputs[0]!, values);
  },
  forward(node, { writer, at }) {
    const x = at(node.inputs[0]!);
    const gate = gateOf(writer, node, x);
    return { output: writer.emit('Mul', [x, gate]), saved: [gate] };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const x = step.at(input);
    const [gate] = step.savedBy(node) as [string];
    const square = writer.emit('Mul', [x, x]);
    let density: string;
    if (isTanh(node)) {
      // gate' = 2 gate (1 - gate) u', since (1 - tanh²) / 2 = 2 gate (1 - gate).
      const inner = writer.emit('Mul', [square, writer.float(3 * CUBIC)]);
      const slope = writer.emit('Mul', [
        writer.emit('Add', [inner, writer.float(1)]),
        writer.float(2 * Math.sqrt(2 / Math.PI)),
      ]);
      const bump = writer.emit('Mul', [gate, writer.emit('Sub', [writer.float(1), gate])]);
      density = writer.emit('Mul', [bump, slope]);
    } else {
      const exponent = writer.emit('Mul', [square, writer.float(-0.5)]);
      density = writer.emit('Mul', [
        writer.emit('Exp', [exponent]),
        writer.float(1 / Math.sqrt(2 * Math.PI)),
      ]);
    }
    const slope = writer.emit('Add', [gate, writer.emit('Mul', [x, density])]);
    return { inputs: [[input, writer.emit('Mul', [gradient, slope])]], parameters: [] };
  },
};
