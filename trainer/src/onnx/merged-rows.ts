// Exporters fold an axis of a row into the first one and take it out again: [rows, time, width] to
// [rows · time, width] and back, as Keras does around Dense and PyTorch within attention. Rows do not mix by that.
// Here the folded axis is kept apart, and what lies between is rewritten for one axis more.
import {
  constantNumbers,
  type Extent,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  type Shape,
  UnsupportedOp,
} from './ops/op-rule.ts';
import { elementCount } from './tensor-data.ts';

/** Operators that work on each element, or on the last axes alone. */
const INDIFFERENT = [
  ...[
    'Relu',
    'LeakyRelu',
    'Elu',
    'Tanh',
    'Sigmoid',
    'Softplus',
    'Gelu',
    'Erf',
    'Exp',
    'Log',
    'Sqrt',
    'Neg',
    'Abs',
  ],
  ...['Clip', 'HardSigmoid', 'HardSwish', 'Reciprocal', 'Pow', 'Cast', 'MatMul', 'Gemm'],
];
const BROADCASTING = ['Add', 'Sub', 'Mul', 'Div'];
const ALONG_AXIS = ['Softmax', 'LogSoftmax', 'LayerNormalization'];

/** Shape, with the folded axis apart, of a Reshape to rows of fewer values; undefined for any other. */
export function foldedShape(node: OpNode, values: KnownValues): Shape | undefined {
  const shape = values.shapeOf(node.inputs[0]!);
  if (shape[0] !== 'rows') return undefined;
  const [first, ...rest] = constantNumbers(node.inputs[1]!, values) as [Extent, ...Extent[]];
  if (first !== -1 || rest.length === 0) return undefined;
  if (!rest.every((extent): extent is number => typeof extent === 'number' && extent > 0)) return undefined;
  const count = elementCount(shape.slice(1) as number[]) / elementCount(rest);
  return Number.isInteger(count) && count > 1 ? ['rows', count, ...rest] : undefined;
}

function withAxis(node: OpNode, name: string, axis: number): OpNode {
  const others = node.attributes.filter((attribute) => attribute.name !== name);
  return { ...node, attributes: [...others, { name, type: 2, i: axis }] };
}

function withPermutation(node: OpNode, rank: number): OpNode {
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const [first, ...rest] = integersAttribute(node, 'perm') ?? reversed;
  if (first !== 0) throw new UnsupportedOp('it moves the first axis, into which rows are folded');
  const perm = [0, 1, ...rest.map((axis) => axis + 1)];
  return { ...node, attributes: [{ name: 'perm', type: 7, ints: perm }] };
}

/**
 * The node for values whose folded axis is kept apart.
 *
 * @param isFolded whether a value has such an axis; at least one input has
 * @throws UnsupportedOp where the operator is not known to leave the folded axis alone
 */
export function unfolded(node: OpNode, isFolded: (value: string) => boolean, values: KnownValues): OpNode {
  const data = node.inputs.filter(
    (input) => values.constantOf(input) === undefined && !values.isParameter(input),
  );
  if (node.opType === 'Reshape') {
    if (!constantNumbers(node.inputs[1]!, values).includes(0)) return node;
    throw new UnsupportedOp('it keeps an axis of rows that another axis is folded into: give its extent');
  }
  if (!data.every(isFolded))
    throw new UnsupportedOp('it joins rows with rows that another axis is folded into');
  const rank = values.shapeOf(data[0]!).length - 1;
  if (INDIFFERENT.includes(node.opType)) return node;
  if (BROADCASTING.includes(node.opType)) {
    const hasOwnRows = (shape: Shape) => shape.length >= rank && shape[0] !== 1;
    const spread = node.inputs.filter((input) => !data.includes(input)).map((input) => values.shapeOf(input));
    if (!spread.some(hasOwnRows)) return node;
  }
  if (ALONG_AXIS.includes(node.opType)) {
    const axis = integerAttribute(node, 'axis', -1);
    if (axis !== 0) return withAxis(node, 'axis', axis < 0 ? axis : axis + 1);
  }
  if (node.opType === 'Transpose') return withPermutation(node, rank);
  throw new UnsupportedOp(
    'it works on rows that another axis is folded into: keep the rows apart, as [rows, ..., width]',
  );
}
