// Gather, in its two trainable uses: constant indices of one of a row's axes (dx by the indices' one-hot matrix), and
// rows of a trainable table by codes in the data, an embedding: y_t = W[c_t], a row's gradient of W is Σ_t of the
// outer product of c_t's one-hot vector and dy_t.
import { elementCount } from '../format/tensor-data.ts';
import { emitIndices } from './integers.ts';
import {
  constantNumbers,
  dataShape,
  integerAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  parameterShape,
  rowAxis,
  UnsupportedOp,
} from './op-rule.ts';
import { scatterBack } from './select.ts';

const isEmbedding = (node: OpNode, values: KnownValues): boolean => values.isParameter(node.inputs[0]!);

function indicesOf(node: OpNode, values: KnownValues, extent: number): readonly number[] {
  const indices = constantNumbers(node.inputs[1]!, values) as readonly number[];
  return indices.map((index) => (index < 0 ? index + extent : index));
}

export const gather: OpRule = {
  opType: 'Gather',
  inferShape(node, values) {
    const [source, indices] = node.inputs as [string, string];
    if (isEmbedding(node, values)) {
      const [, width] = parameterShape(source, 2, values) as [number, number];
      if (integerAttribute(node, 'axis', 0) !== 0)
        throw new UnsupportedOp('a table is gathered along axis 0');
      if (!values.isDiscrete(indices))
        throw new UnsupportedOp(`its codes ${indices} must be integers in the data`);
      return [...dataShape(indices, values), width];
    }
    const shape = dataShape(source, values);
    const axis = rowAxis(integerAttribute(node, 'axis', 0), shape.length);
    const extent = shape[axis] as number;
    if (indicesOf(node, values, extent).some((index) => !(index >= 0 && index < extent))) {
      throw new UnsupportedOp(
        `it gathers indices beyond the ${extent} of axis ${axis}`,
        'give it indices of the axis',
      );
    }
    return shape.toSpliced(axis, 1, ...values.shapeOf(indices));
  },
  isDiscrete: (node, values) => !isEmbedding(node, values) && values.isDiscrete(node.inputs[0]!),
  forward(node, step) {
    const { writer } = step;
    const [source, indices] = node.inputs as [string, string];
    const axis = integerAttribute(node, 'axis', 0);
    if (!isEmbedding(node, step)) {
      return { output: writer.emit('Gather', [step.at(source), step.at(indices)], { axis }) };
    }
    // A code outside the table counts as the nearest inside: it must not stop the run of all the others.
    const codes = emitIndices(writer, step.at(indices), step.sizesOf(source)[0]!);
    return { output: writer.emit('Gather', [step.at(source), codes], { axis }), saved: [codes] };
  },
  backward(node, gradient, step) {
    const [source, indices] = node.inputs as [string, string];
    const { writer } = step;
    if (isEmbedding(node, step)) {
      const [codes, width] = step.sizesOf(source) as [number, number];
      const positions = elementCount(step.sizesOf(indices)) / step.rowCount;
      const depth = writer.int64s([codes]);
      const flat = writer.reshape(step.savedBy(node)[0]!, [step.rowCount * positions]);
      const zeroOne = writer.floats([2], [0, 1]);
      const left = writer.emit('OneHot', [flat, depth, zeroOne], { axis: -1 });
      const right = writer.reshape(gradient, [step.rowCount * positions, width]);
      const product = step.norms.outerProduct({
        parameter: source,
        positions,
        left: { value: left, width: codes, isAlwaysFinite: true },
        right: { value: right, width },
      });
      return { inputs: [], parameters: [product] };
    }
    if (!step.needsGradient(source)) return NO_GRADIENTS;
    const sizes = step.sizesOf(source);
    const axis = rowAxis(integerAttribute(node, 'axis', 0), sizes.length);
    const chosen = indicesOf(node, step, sizes[axis]!);
    const listed = writer.reshape(gradient, sizes.with(axis, chosen.length));
    return {
      inputs: [[source, scatterBack(listed, { axis, sizes, indices: chosen }, step)]],
      parameters: [],
    };
  },
};
