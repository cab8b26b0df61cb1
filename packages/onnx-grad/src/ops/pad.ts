// Pad of a row's axes with a constant: y = x among constants; dx = dy without them.
import {
  constantNumbers,
  dataShape,
  integersAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  stringAttribute,
  UnsupportedOp,
} from './op-rule.ts';

function padsOf(node: OpNode, values: KnownValues): { before: number[]; after: number[] } {
  const rank = dataShape(node.inputs[0]!, values).length;
  const pads = node.inputs[1]
    ? (constantNumbers(node.inputs[1], values) as readonly number[])
    : (integersAttribute(node, 'pads') ?? []);
  if (stringAttribute(node, 'mode', 'constant') !== 'constant') {
    throw new UnsupportedOp('its mode must be constant');
  }
  if (pads.length !== 2 * rank || node.inputs[3]) throw new UnsupportedOp('it must give pads for all axes');
  if (pads.some((pad) => pad < 0)) throw new UnsupportedOp('negative pads are not supported', 'use Slice');
  if (pads[0] !== 0 || pads[rank] !== 0) throw new UnsupportedOp('it adds rows');
  return { before: pads.slice(0, rank), after: pads.slice(rank) };
}

export const pad: OpRule = {
  opType: 'Pad',
  inferShape(node, values) {
    const { before, after } = padsOf(node, values);
    const shape = dataShape(node.inputs[0]!, values);
    return shape.map((extent, axis) => (extent === 'rows' ? extent : extent + before[axis]! + after[axis]!));
  },
  forward(node, step) {
    const { writer } = step;
    const { before, after } = padsOf(node, step);
    const fill = node.inputs[2] ? (constantNumbers(node.inputs[2], step)[0] as number) : 0;
    const inputs = [step.at(node.inputs[0]!), writer.int64s([...before, ...after]), writer.float(fill)];
    return { output: writer.emit('Pad', inputs) };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const { before } = padsOf(node, step);
    const ends = step.sizesOf(input).map((size, axis) => size + before[axis]!);
    const inner = writer.emit('Slice', [gradient, writer.int64s(before), writer.int64s(ends)]);
    return { inputs: [[input, inner]], parameters: [] };
  },
};
