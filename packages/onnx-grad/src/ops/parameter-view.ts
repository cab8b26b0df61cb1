// Nodes that reshape or permute a trainable initialiser. It is trained in the form in which it is used, and written
// back in the form of the file.
import { permutedIndices } from '../format/array-indices.ts';
import { MAXIMUM_RANK } from '../format/graph-limits.ts';
import { ELEMENT_TYPE } from '../format/onnx-schema.ts';
import { elementCount } from '../format/tensor-data.ts';
import {
  axesOf,
  axisFromFront,
  constantNumbers,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  UnsupportedOp,
} from './op-rule.ts';

/** A permutation of the axes of an array of some shape. */
interface MovedAxes {
  readonly shape: readonly number[];
  readonly perm: readonly number[];
}

/** A weight as nodes see it. */
export interface WeightView {
  readonly weight: string;
  readonly shape: readonly number[];
  /** The permutations from the order of the file to that of the view, in sequence. */
  readonly moves: readonly MovedAxes[];
}

export const isSameView = (one: WeightView, other: WeightView): boolean =>
  JSON.stringify([one.shape, one.moves]) === JSON.stringify([other.shape, other.moves]);

function reshaped(node: OpNode, values: KnownValues, shape: readonly number[]): number[] {
  const target = constantNumbers(node.inputs[1]!, values) as readonly number[];
  if (target.length > MAXIMUM_RANK) {
    throw new UnsupportedOp(`its shape has ${target.length} axes, and ${MAXIMUM_RANK} is the most`);
  }
  const allowZero = integerAttribute(node, 'allowzero', 0) === 1;
  const given = target.map((extent, axis) => (extent === 0 && !allowZero ? shape[axis]! : extent));
  const rest = elementCount(shape) / elementCount(given.filter((extent) => extent !== -1));
  const whole = given.map((extent) => (extent === -1 ? rest : extent));
  if (elementCount(whole) !== elementCount(shape) || !whole.every(Number.isInteger)) {
    throw new UnsupportedOp(`[${shape.join(', ')}] cannot be reshaped to [${target.join(', ')}]`);
  }
  return whole;
}

/** The shape to which a node reshapes its first input, which is not data; undefined where the node does more. */
export function shapeOfView(
  node: OpNode,
  values: KnownValues,
  shape: readonly number[],
): readonly number[] | undefined {
  switch (node.opType) {
    case 'Reshape':
      return reshaped(node, values, shape);
    case 'Flatten': {
      const at = integerAttribute(node, 'axis', 1);
      const split = at < 0 ? at + shape.length : at;
      return [elementCount(shape.slice(0, split)), elementCount(shape.slice(split))];
    }
    case 'Unsqueeze': {
      const axes = axesOf(node, values) ?? [];
      const rank = shape.length + axes.length;
      const sorted = axes.map((axis) => axisFromFront(axis, rank)).sort((a, b) => a - b);
      return sorted.reduce<readonly number[]>((result, axis) => result.toSpliced(axis, 0, 1), shape);
    }
    case 'Squeeze': {
      const axes = axesOf(node, values)?.map((axis) => axisFromFront(axis, shape.length));
      if (axes?.some((axis) => shape[axis] !== 1))
        throw new UnsupportedOp('it squeezes an axis that is not 1');
      return shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !axes.includes(axis)));
    }
    default:
      return undefined;
  }
}

/** The permutation of a Transpose; all axes turned around by default. */
export function permutationOf(node: OpNode, rank: number): readonly number[] {
  const perm = integersAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const isPermutation = perm.length === rank && new Set(perm).size === rank;
  if (!isPermutation || perm.some((axis) => axis < 0 || axis >= rank)) {
    throw new UnsupportedOp(`perm [${perm.join(', ')}] does not order the ${rank} axes of its input`);
  }
  return perm;
}

function moved({ weight, shape, moves }: WeightView, perm: readonly number[]): WeightView {
  const last = moves.at(-1);
  const isNext = last !== undefined && last.perm.map((axis) => last.shape[axis]).join() === shape.join();
  const whole = isNext ? perm.map((axis) => last.perm[axis]!) : perm;
  const from = isNext ? last.shape : shape;
  const before = isNext ? moves.slice(0, -1) : moves;
  // Axes of extent 1 may go anywhere; what else stays in its order is the same numbers in the same order.
  const wide = whole.filter((axis) => from[axis] !== 1);
  const isStill = wide.every((axis, i) => i === 0 || axis > wide[i - 1]!);
  return {
    weight,
    shape: perm.map((axis) => shape[axis]!),
    moves: isStill ? before : [...before, { shape: from, perm: whole }],
  };
}

/** The view that a node makes of a weight as its first input; undefined where the node does more. */
export function viewOf(node: OpNode, view: WeightView, values: KnownValues): WeightView | undefined {
  if (node.opType === 'Transpose') return moved(view, permutationOf(node, view.shape.length));
  if (node.opType === 'Cast') {
    return integerAttribute(node, 'to', 0) === ELEMENT_TYPE.float ? view : undefined;
  }
  const shape = shapeOfView(node, values, view.shape);
  return shape && { ...view, shape };
}

/** A weight's numbers in the order of its view, from those of the file. */
export function inViewOrder(file: Float32Array, { moves }: Pick<WeightView, 'moves'>): Float32Array {
  return moves.reduce<Float32Array>((values, { shape, perm }) => {
    const indices = permutedIndices(shape, perm);
    return Float32Array.from(indices, (index) => values[index]!);
  }, file);
}

/** The inverse of `inViewOrder`. */
export function inFileOrder(used: Float32Array, { moves }: Pick<WeightView, 'moves'>): Float32Array {
  return moves.toReversed().reduce<Float32Array>((values, { shape, perm }) => {
    const result = new Float32Array(values.length);
    permutedIndices(shape, perm).forEach((index, i) => {
      result[index] = values[i]!;
    });
    return result;
  }, used);
}
