// Mish: y = x t with t = tanh(softplus(x)), dx = dy (t + x (1 - t²) σ(x)). Misra 2020.
import type { GraphWriter } from '../format/graph-writer.ts';
import { dataShape, NO_GRADIENTS, type OpRule } from './op-rule.ts';
import { emitSoftplus } from './softplus.ts';

export const mish: OpRule = {
  opType: 'Mish',
  inferShape: (node, values) => dataShape(node.inputs[0]!, values),
  forward(node, { writer, at }) {
    const x = at(node.inputs[0]!);
    const gate = writer.emit('Tanh', [emitSoftplus(writer, x)]);
    return { output: writer.emit('Mul', [x, gate]), saved: [gate] };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const [gate] = step.savedBy(node) as [string];
    const slope = emitSlope(writer, { x: step.at(input), gate });
    return { inputs: [[input, writer.emit('Mul', [gradient, slope])]], parameters: [] };
  },
};

function emitSlope(writer: GraphWriter, { x, gate }: { readonly x: string; readonly gate: string }): string {
  const rest = writer.emit('Sub', [writer.float(1), writer.emit('Mul', [gate, gate])]);
  const bend = writer.emit('Mul', [rest, writer.emit('Sigmoid', [x])]);
  return writer.emit('Add', [gate, writer.emit('Mul', [x, bend])]);
}
