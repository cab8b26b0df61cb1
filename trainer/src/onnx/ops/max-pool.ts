// MaxPool: y = the largest value of each window; dy goes to where it came from, by scatter-add on the indices of the
// maxima (windows may overlap, so one value can be the largest of several).
import { elementCount } from '../tensor-data.ts';
import {
  dataShape,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';
import { type Window, windowAttributes, windowOf } from './window.ts';

function poolOf(node: OpNode, values: KnownValues): Window {
  if (integerAttribute(node, 'storage_order', 0) !== 0) throw new UnsupportedOp('storage_order must be 0');
  const [, , ...input] = dataShape(node.inputs[0]!, values) as readonly number[];
  return windowOf(node, { kernel: integersAttribute(node, 'kernel_shape') ?? [], input });
}

export const maxPool: OpRule = {
  opType: 'MaxPool',
  inferShape(node, values) {
    const { output } = poolOf(node, values);
    return [...values.shapeOf(node.inputs[0]!).slice(0, 2), ...output];
  },
  forward(node, step) {
    const [input] = node.inputs as [string];
    const attributes = windowAttributes(poolOf(node, step));
    const outputs = step.needsGradient(input) ? 2 : 1;
    const [output, ...saved] = step.writer.emitMany('MaxPool', [step.at(input)], outputs, attributes);
    return { output: output!, saved };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const { writer } = step;
    const sizes = step.sizesOf(input);
    const [places] = step.savedBy(node) as [string];
    // The runtime counts places from the start of the batch, and gives a window of nothing but NaN a place just before
    // its plane. Counted from the start of each row, and scattered within it, even that one stays in its row.
    const width = elementCount(sizes.slice(1));
    const starts = writer.reshape(
      writer.int64s(Array.from({ length: step.rowCount }, (_, row) => row * width)),
      [step.rowCount, 1],
    );
    const outputs = elementCount(step.sizesOf(node.output).slice(1));
    const byRow = (value: string) => writer.reshape(value, [step.rowCount, outputs]);
    const local = writer.emit('Sub', [byRow(places), starts]);
    const zeros = writer.emit('ConstantOfShape', [writer.int64s([step.rowCount, width])]);
    const flat = writer.emit('ScatterElements', [zeros, local, byRow(gradient)], {
      axis: 1,
      reduction: 'add',
    });
    return { inputs: [[input, writer.reshape(flat, sizes)]], parameters: [] };
  },
};
