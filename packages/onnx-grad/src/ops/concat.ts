// Concat of data along one of a row's axes; each input's gradient is its part of dy.
import { areDiscrete } from './integers.ts';
import {
  dataShape,
  type Extent,
  integerAttribute,
  NO_GRADIENTS,
  type OpRule,
  rowAxis,
  UnsupportedOp,
} from './op-rule.ts';

export const concat: OpRule = {
  opType: 'Concat',
  inferShape(node, values) {
    const shapes = node.inputs.map((input) => dataShape(input, values));
    const [first] = shapes as [readonly Extent[]];
    const axis = rowAxis(integerAttribute(node, 'axis', 1), first.length);
    const others = (shape: readonly Extent[]) => shape.toSpliced(axis, 1).join();
    if (shapes.some((shape) => others(shape) !== others(first))) {
      throw new UnsupportedOp('its inputs differ in another axis than the one they are joined along');
    }
    areDiscrete(node.inputs, values);
    const extent = shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0);
    return first.with(axis, extent);
  },
  isDiscrete: (node, values) => areDiscrete(node.inputs, values),
  backward(node, gradient, step) {
    if (!node.inputs.some((input) => step.needsGradient(input))) return NO_GRADIENTS;
    const { writer } = step;
    const axis = rowAxis(integerAttribute(node, 'axis', 1), step.sizesOf(node.output).length);
    const extents = node.inputs.map((input) => step.sizesOf(input)[axis]!);
    const parts = writer.emitMany('Split', [gradient, writer.int64s(extents)], extents.length, { axis });
    const inputs = node.inputs.flatMap((input, i) =>
      step.needsGradient(input) ? [[input, parts[i]!] as const] : [],
    );
    return { inputs, parameters: [] };
  },
};
