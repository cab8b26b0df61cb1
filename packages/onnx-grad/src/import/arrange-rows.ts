// Rewrites nodes for values whose rows are not the first axis of the graph, or have another axis folded into them
// (`rows-layout.ts`), so that they work on values with their rows first. The layout of the output is recorded as well.
import type { Count } from '../format/constant.ts';
import { ATTRIBUTE_TYPE } from '../format/onnx-schema.ts';
import {
  axesOf,
  axisFromFront,
  constantNumbers,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  UnsupportedOp,
} from '../ops/op-rule.ts';
import {
  graphShape,
  innerAxis,
  innerPermutation,
  isAfterRows,
  type Layout,
  reshapedLayout,
  rowsAxisOf,
} from './rows-layout.ts';

/** What a node is rewritten to. */
export interface Arranged {
  readonly node: OpNode;
  /** The output's axes in the graph, whose extents follow from the node's own shape rule. */
  readonly layout: Layout;
  /** Where the node is a Reshape: its second input, which is the layout's inner shape. */
  readonly target?: string;
}

/** What is known of a graph's values, and where their rows are. */
export interface KnownLayouts extends KnownValues {
  layoutOf(value: string): Layout;
}

const UNARY = [
  ...['Relu', 'LeakyRelu', 'Elu', 'Tanh', 'Sigmoid', 'Softplus', 'Gelu', 'Mish', 'Clip'],
  ...['HardSigmoid', 'HardSwish', 'Round', 'Floor', 'Ceil'],
  ...['Erf', 'Exp', 'Log', 'Sqrt', 'Neg', 'Abs', 'Reciprocal', 'Pow', 'Cast', 'Not'],
];
const JOINING = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal', 'Where'],
];
const REDUCTIONS = ['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'];

function withAttributes(node: OpNode, changed: Readonly<Record<string, number | readonly number[]>>): OpNode {
  const others = node.attributes.filter(({ name }) => !Object.hasOwn(changed, name));
  const own = Object.entries(changed).map(([name, value]) =>
    typeof value === 'number'
      ? { name, type: ATTRIBUTE_TYPE.int, i: value }
      : { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] },
  );
  return { ...node, attributes: [...others, ...own] };
}

/** An axis of the graph counted from the front; refuses that of the rows. */
function axisBeside(axis: number, layout: Layout): number {
  const fromFront = axisFromFront(axis, layout.length);
  if (fromFront === rowsAxisOf(layout)) {
    throw new UnsupportedOp(`it works along axis ${fromFront}, where the rows are, and would mix them`);
  }
  return fromFront;
}

const isData = (value: string, values: KnownLayouts): boolean =>
  value !== '' && values.constantOf(value) === undefined && !values.isParameter(value);

/** A Reshape to the inner shape of a layout. */
function reshapedTo(node: OpNode, layout: Layout): Arranged {
  const target = `${node.output} with rows first`;
  const reshape = { ...node, opType: 'Reshape', inputs: [node.inputs[0]!, target], attributes: [] };
  return { node: reshape, layout, target };
}

function targetOf(node: OpNode, layout: Layout, values: KnownLayouts): readonly Count[] {
  const shape = graphShape(layout);
  if (node.opType === 'Flatten') {
    const axis = integerAttribute(node, 'axis', 1);
    const at = axis < 0 ? axis + layout.length : axis;
    return [shape.slice(0, at), shape.slice(at)].map((extents) =>
      extents.every((extent) => typeof extent === 'number')
        ? extents.reduce((result, extent) => result * extent, 1)
        : -1,
    );
  }
  const allowZero = integerAttribute(node, 'allowzero', 0) === 1;
  return constantNumbers(node.inputs[1]!, values).map((extent, axis) =>
    extent === 0 && !allowZero ? shape[axis]! : extent,
  );
}

function reshape(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const target = targetOf(node, layout, values);
  const reshaped = reshapedLayout(layout, target);
  if (reshaped !== undefined) return reshapedTo(node, reshaped);
  const [from, to] = [graphShape(layout), target].map((extents) => extents.join(', '));
  throw new UnsupportedOp(`reshaping [${from}] to [${to}] would mix rows`, 'keep the batch first, and apart');
}

function unsqueezed(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const axes = axesOf(node, values) ?? [];
  const rank = layout.length + axes.length;
  const sorted = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  return reshapedTo(
    node,
    sorted.reduce<Layout>((result, axis) => result.toSpliced(axis, 0, [1]), layout),
  );
}

function squeezed(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const single = layout.flatMap((axis, i) => (axis.join() === '1' ? [i] : []));
  const axes = axesOf(node, values)?.map((axis) => axisBeside(axis, layout)) ?? single;
  if (!axes.every((axis) => single.includes(axis))) {
    throw new UnsupportedOp('it squeezes an axis that is not 1');
  }
  return reshapedTo(
    node,
    layout.filter((_, axis) => !axes.includes(axis)),
  );
}

function transposed(node: OpNode, layout: Layout): Arranged {
  const reversed = layout.map((_, axis) => layout.length - 1 - axis);
  const perm = integersAttribute(node, 'perm') ?? reversed;
  const moved = perm.map((axis) => layout[axis]!);
  const inner = innerPermutation(layout, perm);
  if (inner.every((axis, i) => axis === i)) return reshapedTo(node, moved);
  return { node: withAttributes(node, { perm: inner }), layout: moved };
}

/** Whether the rows lie on the same axis, with the same axes folded into them. */
function areAlike(one: Layout, other: Layout): boolean {
  const at = rowsAxisOf(one);
  return one.length === other.length && at === rowsAxisOf(other) && one[at]!.join() === other[at]!.join();
}

function joined(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  for (const input of node.inputs.filter((name) => name !== '')) {
    if (!isData(input, values)) {
      if (isAfterRows({ shape: values.shapeOf(input) as number[] }, layout)) continue;
      throw new UnsupportedOp(`${input} has values for axes before the rows`, 'keep the batch first');
    }
    if (areAlike(values.layoutOf(input), layout)) continue;
    throw new UnsupportedOp('it joins values whose rows lie on different axes', 'keep the batch first');
  }
  return { node, layout };
}

function multiplied(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const [a, b] = node.inputs as [string, string];
  if (!isData(b, values)) {
    axisBeside(-1, layout);
    return { node, layout };
  }
  const other = values.layoutOf(b);
  const leading = (own: Layout) => own.slice(0, -2).map((axis) => axis.join('*'));
  for (const axis of [-1, -2]) {
    axisBeside(axis, layout);
    axisBeside(axis, other);
  }
  if (leading(values.layoutOf(a)).join() !== leading(other).join()) {
    throw new UnsupportedOp('it multiplies values whose rows lie on different axes', 'keep the batch first');
  }
  return { node, layout };
}

function alongAxis(node: OpNode, layout: Layout): Arranged {
  const usual = node.opset < 13 && node.opType !== 'LayerNormalization' ? 1 : -1;
  const axis = axisBeside(integerAttribute(node, 'axis', usual), layout);
  if (node.opType === 'LayerNormalization' && axis < rowsAxisOf(layout)) {
    throw new UnsupportedOp('it normalises over the axis of the rows, which would mix them');
  }
  return { node: withAttributes(node, { axis: innerAxis(layout, axis) }), layout };
}

function reduced(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const axes = axesOf(node, values)?.map((axis) => axisBeside(axis, layout));
  if (axes === undefined) throw new UnsupportedOp('without axes it would mix rows', 'name those of a row');
  const keeps = integerAttribute(node, 'keepdims', 1) === 1;
  return {
    node: {
      ...withAttributes(node, { axes: axes.map((axis) => innerAxis(layout, axis)) }),
      inputs: node.inputs.slice(0, 1),
    },
    layout: keeps
      ? layout.map((axis, i) => (axes.includes(i) ? [1] : axis))
      : layout.filter((_, i) => !axes.includes(i)),
  };
}

function gathered(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  if (values.isParameter(node.inputs[0]!)) return { node, layout: [...layout, [1]] };
  const axis = axisBeside(integerAttribute(node, 'axis', 0), layout);
  const extents = values.shapeOf(node.inputs[1]!) as readonly number[];
  return {
    node: withAttributes(node, { axis: innerAxis(layout, axis) }),
    layout: layout.toSpliced(axis, 1, ...extents.map((extent) => [extent])),
  };
}

function sliced(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const list = (index: number, attribute: string) =>
    node.inputs[index]
      ? (constantNumbers(node.inputs[index], values) as readonly number[])
      : integersAttribute(node, attribute);
  const starts = list(1, 'starts') ?? [];
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const changed = {
    starts,
    ends: list(2, 'ends') ?? [],
    axes: axes.map((axis) => innerAxis(layout, axisBeside(axis, layout))),
    steps: list(4, 'steps') ?? starts.map(() => 1),
  };
  return { node: { ...withAttributes(node, changed), inputs: node.inputs.slice(0, 1) }, layout };
}

function concatenated(node: OpNode, layout: Layout, values: KnownLayouts): Arranged {
  const axis = axisBeside(integerAttribute(node, 'axis', 0), layout);
  const { node: same } = joined(node, layout, values);
  return { node: withAttributes(same, { axis: innerAxis(layout, axis) }), layout };
}

function ruleFor(opType: string) {
  if (opType === 'Reshape' || opType === 'Flatten') return reshape;
  if (opType === 'Unsqueeze') return unsqueezed;
  if (opType === 'Squeeze') return squeezed;
  if (opType === 'Transpose') return transposed;
  if (UNARY.includes(opType) || JOINING.includes(opType)) return joined;
  if (opType === 'MatMul' || opType === 'Gemm') return multiplied;
  if (['Softmax', 'LogSoftmax', 'LayerNormalization'].includes(opType)) return alongAxis;
  if (REDUCTIONS.includes(opType)) return reduced;
  if (opType === 'Gather') return gathered;
  if (opType === 'Slice') return sliced;
  return opType === 'Concat' ? concatenated : undefined;
}

/**
 * The node on values with their rows first; undefined where it already reads and writes such values.
 *
 * Whatever comes out is judged by the operator's own rule, which sees values with their rows first: a row's gradient is
 * its own however a graph moves its axes. That the rewritten node computes what the graph says is a matter of training
 * the right model.
 *
 * @throws UnsupportedOp where the operator would mix rows, or is not known on such values
 */
export function arranged(
  node: OpNode,
  values: KnownLayouts,
  isMoved: (value: string) => boolean,
): Arranged | undefined {
  const [first] = node.inputs.filter((input) => isData(input, values));
  const movesRows = ['Reshape', 'Transpose', 'Unsqueeze'].includes(node.opType);
  if (first === undefined || !(movesRows || node.inputs.some(isMoved))) return undefined;
  const moved = node.inputs.find(isMoved) ?? first;
  if (node.opType === 'Reshape' && !isMoved(moved)) {
    // What cannot be distinguished is left to the operator's own rule, which says so.
    const layout = values.layoutOf(first);
    if (reshapedLayout(layout, targetOf(node, layout, values)) === undefined) return undefined;
  }
  const rule = ruleFor(node.opType);
  if (rule !== undefined) return rule(node, values.layoutOf(moved), values);
  throw new UnsupportedOp(
    'it works on values whose rows are not the first axis, or have another folded into it',
    'keep the batch first, and apart, as [rows, ..., width]',
  );
}
