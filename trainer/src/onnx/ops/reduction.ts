// Which of a row's axes a reduction goes over: what sums, means and extremes share.
import {
  axesOf,
  integerAttribute,
  type KnownValues,
  type OpNode,
  rowAxis,
  type Shape,
  UnsupportedOp,
} from './op-rule.ts';

export interface Reduction {
  /** From the front, ascending, never 0. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export function givenAxes(node: OpNode, values: KnownValues, shape: Shape): Reduction {
  const axes = axesOf(node, values);
  if (axes === undefined) throw new UnsupportedOp('without axes it would mix rows: name those of a row');
  return {
    axes: axes.map((axis) => rowAxis(axis, shape.length)).sort((a, b) => a - b),
    keepDims: integerAttribute(node, 'keepdims', 1) === 1,
  };
}

/** All axes after the channels. */
export function spatialAxes(_node: OpNode, _values: KnownValues, shape: Shape): Reduction {
  return { axes: shape.flatMap((_, axis) => (axis >= 2 ? [axis] : [])), keepDims: true };
}

export function reducedShape(shape: Shape, { axes, keepDims }: Reduction): Shape {
  return keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
}
