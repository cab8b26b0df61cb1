// Computes the nodes of a forward graph that depend on shapes and constants alone, as exporters write them to work
// out the target of a Reshape or the bounds of a Slice. The open number of rows is carried along as `rows`.
import { type Constant, type Count, constantFrom, integers } from './constant.ts';
import { axesOf, integerAttribute, type KnownValues, type OpNode, UnsupportedOp } from './ops/op-rule.ts';
import { elementCount } from './tensor-data.ts';

type Fold = (node: OpNode, inputs: readonly Constant[], values: KnownValues) => Constant | undefined;

/** Slice along the first axis, backwards too: PyTorch turns lists of pads around with it. */
function foldSlice(node: OpNode, [source, ...bounds]: readonly Constant[]): Constant | undefined {
  const [starts, ends, axes, steps] = bounds.map(({ values }) => values as readonly number[]);
  const [extent = 1, ...rest] = source!.shape;
  if ((axes?.[0] ?? 0) !== 0 || (starts?.length ?? 1) !== 1) return undefined;
  const step = steps?.[0] ?? 1;
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + extent : at, low), high);
  const [first, last] = step > 0 ? [0, extent] : [-1, extent - 1];
  const start = clamp(starts?.[0] ?? integerAttribute(node, 'starts', 0), first, last);
  const end = clamp(ends?.[0] ?? Number.MAX_SAFE_INTEGER, first, last);
  const width = elementCount(rest);
  const entries: number[] = [];
  for (let at = start; step > 0 ? at < end : at > end; at += step) entries.push(at);
  return {
    shape: [entries.length, ...rest],
    values: entries.flatMap((at) => source!.values.slice(at * width, (at + 1) * width)),
    isInteger: source!.isInteger,
  };
}

function foldTranspose(_node: OpNode, [source]: readonly Constant[]): Constant | undefined {
  const [m, n] = source!.shape;
  if (source!.shape.length !== 2 || m === undefined || n === undefined) return undefined;
  const values = Array.from({ length: m * n }, (_, i) => source!.values[(i % m) * n + Math.floor(i / m)]!);
  return { ...source!, shape: [n, m], values };
}

function foldReshape(_node: OpNode, [source, target]: readonly Constant[]): Constant {
  const wanted = target!.values as readonly number[];
  const known = elementCount(wanted.filter((extent) => extent !== -1));
  const shape = wanted.map((extent) => (extent === -1 ? source!.values.length / known : extent));
  return { ...source!, shape };
}

/** A number of rows times a number. */
function timesRows(a: Count, b: Count): Count | undefined {
  const [rows, factor] = typeof a === 'number' ? [b, a] : [a, b];
  if (typeof rows === 'number' || typeof factor !== 'number') return undefined;
  const all = Number(rows.split('*')[1] ?? 1) * factor;
  return all === 1 ? 'rows' : `rows*${all}`;
}

function arithmetic(
  compute: (a: number, b: number, isInteger: boolean) => number,
  ofRows?: (a: Count, b: Count) => Count | undefined,
): Fold {
  return (_node, [a, b]) => {
    const [first, second] = [a!, b!];
    const isSpread = (one: Constant, other: Constant) =>
      one.values.length === 1 && one.shape.length <= other.shape.length;
    const wide = isSpread(first, second) ? second : first;
    const narrow = wide === first ? second : first;
    if (!isSpread(narrow, wide) && narrow.shape.join() !== wide.shape.join()) return undefined;
    const isInteger = first.isInteger && second.isInteger;
    const at = ({ values }: Constant, i: number) => values[values.length === 1 ? 0 : i];
    const numbers = wide.values.map((_, i): Count | undefined => {
      const [left, right] = [at(first, i)!, at(second, i)!];
      return typeof left === 'number' && typeof right === 'number'
        ? compute(left, right, isInteger)
        : ofRows?.(left, right);
    });
    if (numbers.includes(undefined)) return undefined;
    return { shape: wide.shape, values: numbers as Count[], isInteger };
  };
}

const elementwise =
  (compute: (a: number) => number): Fold =>
  (_node, [source]) => {
    const { values, shape, isInteger } = source!;
    if (!values.every((value) => typeof value === 'number')) return undefined;
    return { shape, values: values.map((value) => compute(value as number)), isInteger };
  };

function foldConstantOfShape(node: OpNode, [source]: readonly Constant[]): Constant {
  const shape = source!.values;
  if (!shape.every((extent) => typeof extent === 'number')) {
    throw new UnsupportedOp(
      'it makes values for each row from nothing, as for the first state of a recurrent layer: use Conv over time, or ' +
        'attention',
    );
  }
  const fill = node.attributes.find(({ name }) => name === 'value')?.t;
  const constant = fill === undefined ? { values: [0], isInteger: false } : constantFrom(fill);
  const values = new Array<Count>(elementCount(shape)).fill(constant.values[0]!);
  return { shape, values, isInteger: constant.isInteger };
}

const FOLDS: Readonly<Record<string, Fold>> = {
  Gather(_node, [source, indices]) {
    if (source!.shape.length !== 1) return undefined;
    const values = (indices!.values as readonly number[]).map((index) => source!.values.at(index)!);
    return { shape: indices!.shape, values, isInteger: source!.isInteger };
  },
  Slice: foldSlice,
  Concat: (_node, inputs) => ({
    ...integers(inputs.flatMap(({ values }) => values)),
    isInteger: inputs.every(({ isInteger }) => isInteger),
  }),
  Unsqueeze(node, [source], values) {
    const axes = axesOf(node, values) ?? [];
    if (source!.values.length !== 1) return undefined;
    return { ...source!, shape: [...source!.shape, ...axes.map(() => 1)] };
  },
  Squeeze: (_node, [source]) => (source!.values.length === 1 ? { ...source!, shape: [] } : undefined),
  Reshape: foldReshape,
  Transpose: foldTranspose,
  Cast: (node, [source]) => {
    const to = integerAttribute(node, 'to', 0);
    return { ...source!, isInteger: to !== 1 && to !== 11 };
  },
  ConstantOfShape: foldConstantOfShape,
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b, timesRows),
  Mod: arithmetic((a, b) => ((a % b) + b) % b),
  Div: arithmetic((a, b, isInteger) => (isInteger ? Math.trunc(a / b) : a / b)),
  Sqrt: elementwise(Math.sqrt),
  Neg: elementwise((value) => -value),
};

function constantNode(node: OpNode): Constant {
  for (const { name, t, i, f, ints, floats } of node.attributes) {
    if (name === 'value' && t !== undefined) return constantFrom(t);
    if (name === 'value_int') return { shape: [], values: [i ?? 0], isInteger: true };
    if (name === 'value_float') return { shape: [], values: [f ?? 0], isInteger: false };
    if (name === 'value_ints') return integers(ints ?? []);
    if (name === 'value_floats') return { ...integers(floats ?? []), isInteger: false };
  }
  throw new UnsupportedOp('it is a constant of an unsupported kind');
}

/** Whether the operator is one that can be computed on constants. */
export function isFoldable({ opType }: OpNode): boolean {
  return opType === 'Constant' || opType === 'Shape' || opType in FOLDS;
}

/**
 * What the node computes, where that is known before any data is; undefined where it is not.
 *
 * @param graphShapeOf the shape that the graph gives a value, where that is not the one it is kept in
 */
export function foldConstants(
  node: OpNode,
  values: KnownValues,
  graphShapeOf: (value: string) => readonly Count[] = values.shapeOf,
): Constant | undefined {
  if (node.opType === 'Constant') return constantNode(node);
  if (node.opType === 'Shape') {
    const shape = values.constantOf(node.inputs[0]!)?.shape ?? graphShapeOf(node.inputs[0]!);
    const end = node.attributes.find(({ name }) => name === 'end')?.i;
    return integers(shape.slice(integerAttribute(node, 'start', 0), end));
  }
  const inputs = node.inputs.filter((input) => input !== '').map((input) => values.constantOf(input));
  if (inputs.length === 0 || inputs.includes(undefined)) return undefined;
  const folded = FOLDS[node.opType]?.(node, inputs as Constant[], values);
  if (folded === undefined)
    throw new UnsupportedOp('this computation on constants is not supported: fold it');
  return folded;
}
