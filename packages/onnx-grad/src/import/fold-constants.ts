// Computes the nodes of a forward graph that depend on shapes and constants alone, as exporters write them
// for the target of a Reshape, the bounds of a Slice or a mask of attention. The open number of rows is the symbol
// `rows`.
import {
  broadcastIndices,
  broadcastShape,
  indicesAlong,
  permutedIndices,
  stridesOf,
} from '../format/array-indices.ts';
import {
  areNumbers,
  type Constant,
  type Count,
  checkConstantSize,
  constantFrom,
  integers,
} from '../format/constant.ts';
import { ELEMENT_TYPE } from '../format/onnx-schema.ts';
import { elementCount } from '../format/tensor-data.ts';
import {
  axisFromFront,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  UnsupportedOp,
} from '../ops/op-rule.ts';
import { permutationOf, shapeOfView } from '../ops/parameter-view.ts';
import { ARITHMETIC_FOLDS } from './fold-arithmetic.ts';

type Fold = (node: OpNode, inputs: readonly Constant[], values: KnownValues) => Constant | undefined;

const taken = (source: Constant, shape: readonly number[], indices: Uint32Array): Constant => ({
  shape,
  values: Array.from(indices, (index) => source.values[index]!),
  isInteger: source.isInteger,
});

/** Numbers of which none depends on the number of rows. */
function numbersOf({ values }: Constant): readonly number[] {
  if (areNumbers(values)) return values;
  throw new UnsupportedOp(
    'it makes constants for each row',
    'leave that out, since one that all rows have is spread to them by itself',
  );
}

/** Negative steps too: PyTorch reverses lists of pads with them. */
function foldSlice(node: OpNode, [source]: readonly Constant[], values: KnownValues): Constant {
  const list = (index: number, attribute: string) => {
    const input = node.inputs[index];
    return input ? numbersOf(values.constantOf(input)!) : integersAttribute(node, attribute);
  };
  const [starts, ends] = [list(1, 'starts') ?? [], list(2, 'ends') ?? []];
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  const { shape } = source!;
  const strides = stridesOf(shape);
  let first = 0;
  const walks = shape.map((extent, axis) => ({ extent, stride: strides[axis]! }));
  axes.forEach((given, i) => {
    const axis = axisFromFront(given, shape.length);
    const [extent, step] = [shape[axis]!, steps[i]!];
    if (step === 0) throw new UnsupportedOp('its steps must not be 0');
    const clamp = (at: number, low: number, high: number) =>
      Math.min(Math.max(at < 0 ? at + extent : at, low), high);
    const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
    const [start, end] = [clamp(starts[i]!, low, high), clamp(ends[i]!, low, high)];
    const count = Math.max(0, Math.ceil((end - start) / step));
    if (count > 0) first += start * strides[axis]!;
    walks[axis] = { extent: count, stride: step * strides[axis]! };
  });
  const sliced = walks.map(({ extent }) => extent);
  return taken(source!, sliced, indicesAlong(walks, first));
}

const axisOf = (node: OpNode, rank: number): number => axisFromFront(integerAttribute(node, 'axis', 0), rank);

function foldGather(node: OpNode, [source, indices]: readonly Constant[]): Constant {
  const { shape, values, isInteger } = source!;
  const axis = axisOf(node, shape.length);
  const [extent, width] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
  const chosen = numbersOf(indices!).map((index) => (index < 0 ? index + extent : index));
  if (chosen.some((index) => index < 0 || index >= extent)) {
    throw new UnsupportedOp(`it gathers indices beyond the ${extent} of its axis ${axis}`);
  }
  const gathered = shape.toSpliced(axis, 1, ...indices!.shape);
  checkConstantSize(gathered);
  const blocks = Array.from({ length: elementCount(shape.slice(0, axis)) }, (_, i) => i * extent);
  return {
    shape: gathered,
    values: blocks.flatMap((block) =>
      chosen.flatMap((index) => values.slice((block + index) * width, (block + index + 1) * width)),
    ),
    isInteger,
  };
}

function foldConcat(node: OpNode, inputs: readonly Constant[]): Constant {
  const [first] = inputs as readonly [Constant];
  const axis = axisOf(node, first.shape.length);
  const others = ({ shape }: Constant) => shape.toSpliced(axis, 1).join();
  if (inputs.some((input) => others(input) !== others(first))) {
    throw new UnsupportedOp('its inputs differ in another axis than the one they are joined along');
  }
  const extent = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const joined = first.shape.with(axis, extent);
  checkConstantSize(joined);
  const blocks = Array.from({ length: elementCount(first.shape.slice(0, axis)) }, (_, i) => i);
  return {
    shape: joined,
    values: blocks.flatMap((block) =>
      inputs.flatMap(({ shape, values }) => {
        const width = elementCount(shape.slice(axis));
        return values.slice(block * width, (block + 1) * width);
      }),
    ),
    isInteger: inputs.every(({ isInteger }) => isInteger),
  };
}

function foldConstantOfShape(node: OpNode, [source]: readonly Constant[]): Constant {
  const shape = source!.values;
  if (!shape.every((extent) => typeof extent === 'number')) {
    throw new UnsupportedOp(
      'it makes values for each row from nothing, as for the first state of a recurrent layer',
      'use Conv over time, or attention',
    );
  }
  checkConstantSize(shape);
  const fill = node.attributes.find(({ name }) => name === 'value')?.t;
  const constant = fill === undefined ? { values: [0], isInteger: false } : constantFrom(fill);
  const values = new Array<Count>(elementCount(shape)).fill(constant.values[0]!);
  return { shape, values, isInteger: constant.isInteger };
}

function foldExpand(_node: OpNode, [source, target]: readonly Constant[]): Constant {
  const wanted = numbersOf(target!);
  const shape = broadcastShape([source!.shape, wanted]);
  if (shape === undefined) {
    throw new UnsupportedOp(`[${source!.shape.join(', ')}] cannot be spread to [${wanted.join(', ')}]`);
  }
  checkConstantSize(shape);
  return taken(source!, shape, broadcastIndices(source!.shape, shape)!);
}

/** Keeps the upper or lower triangle of matrices. */
function foldTrilu(node: OpNode, [source, diagonal]: readonly Constant[]): Constant {
  const { shape, values, isInteger } = source!;
  const [rows, columns] = shape.slice(-2);
  if (rows === undefined || columns === undefined) throw new UnsupportedOp('its input must be matrices');
  const k = diagonal === undefined ? 0 : numbersOf(diagonal)[0]!;
  const isUpper = integerAttribute(node, 'upper', 1) === 1;
  const isKept = (i: number) => {
    const beyond = (i % columns) - (Math.floor(i / columns) % rows) - k;
    return isUpper ? beyond >= 0 : beyond <= 0;
  };
  return { shape, values: values.map((value, i) => (isKept(i) ? value : 0)), isInteger };
}

function foldRange(_node: OpNode, inputs: readonly Constant[]): Constant {
  const [start, limit, delta] = inputs.map((input) => numbersOf(input)[0]!) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  checkConstantSize([count]);
  return {
    shape: [count],
    values: Array.from({ length: count }, (_, i) => start + i * delta),
    isInteger: inputs.every(({ isInteger }) => isInteger),
  };
}

const FLOATS: readonly number[] = [ELEMENT_TYPE.float, ELEMENT_TYPE.double];

function foldCast(node: OpNode, [source]: readonly Constant[]): Constant {
  const to = integerAttribute(node, 'to', 0);
  const convert = (value: number) => {
    if (FLOATS.includes(to)) return value;
    return to === ELEMENT_TYPE.bool ? Number(value !== 0) : Math.trunc(value);
  };
  const values = source!.values.map((value) => (typeof value === 'number' ? convert(value) : value));
  return { shape: source!.shape, values, isInteger: !FLOATS.includes(to) };
}

const view: Fold = (node, [source], values) => {
  const shape = shapeOfView(node, values, source!.shape);
  return shape && { ...source!, shape };
};

const FOLDS: Readonly<Record<string, Fold>> = {
  Gather: foldGather,
  Slice: foldSlice,
  Concat: foldConcat,
  Reshape: view,
  Flatten: view,
  Unsqueeze: view,
  Squeeze: view,
  Transpose(node, [source]) {
    const { shape } = source!;
    const perm = permutationOf(node, shape.length);
    return taken(
      source!,
      perm.map((axis) => shape[axis]!),
      permutedIndices(shape, perm),
    );
  },
  Cast: foldCast,
  CastLike: (_node, [source, like]) => ({ ...source!, isInteger: like!.isInteger }),
  ConstantOfShape: foldConstantOfShape,
  Expand: foldExpand,
  Trilu: foldTrilu,
  Range: foldRange,
  ...Object.fromEntries(
    Object.entries(ARITHMETIC_FOLDS).map(([opType, fold]): [string, Fold] => [
      opType,
      (_node, inputs) => fold(inputs),
    ]),
  ),
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
  return opType === 'Constant' || opType === 'Shape' || Object.hasOwn(FOLDS, opType);
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
    throw new UnsupportedOp('this computation on constants is not supported', 'fold it');
  if (
    folded.isInteger &&
    !folded.values.every((value) => typeof value !== 'number' || Number.isInteger(value))
  ) {
    throw new UnsupportedOp(
      'it makes no integers of these constants, such as a division by 0',
      'leave it out',
    );
  }
  return folded;
}
