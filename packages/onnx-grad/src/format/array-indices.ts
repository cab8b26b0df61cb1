// Indices of values of an array in row-major order, for arrays that are permuted, broadcast or sliced from it.
import { elementCount } from './tensor-data.ts';

/** The stride of each axis. */
export const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => elementCount(shape.slice(axis + 1)));

/** One axis of a result: its extent, and its stride in the source. */
interface Walk {
  readonly extent: number;
  readonly stride: number;
}

/** Indices in the source, for a result with these axes in row-major order. */
export function indicesAlong(axes: readonly Walk[], first = 0): Uint32Array {
  const indices = new Uint32Array(elementCount(axes.map(({ extent }) => extent)));
  if (indices.length === 0) return indices;
  indices[0] = first;
  let filled = 1;
  // The indices so far are repeated along one more axis, from the last axis to the first.
  for (const { extent, stride } of axes.toReversed()) {
    for (let k = 1; k < extent; k++) {
      for (let i = 0; i < filled; i++) indices[k * filled + i] = indices[i]! + k * stride;
    }
    filled *= extent;
  }
  return indices;
}

/** Indices for an array whose axis i is axis perm[i] of the source. */
export function permutedIndices(shape: readonly number[], perm: readonly number[]): Uint32Array {
  const strides = stridesOf(shape);
  return indicesAlong(perm.map((axis) => ({ extent: shape[axis]!, stride: strides[axis]! })));
}

/** Indices for an array that is broadcast to a shape, as in NumPy; undefined where it does not fit. */
export function broadcastIndices(
  shape: readonly number[],
  target: readonly number[],
): Uint32Array | undefined {
  if (shape.length > target.length) return undefined;
  const strides = stridesOf(shape);
  const axes = target.map((extent, axis) => {
    const own = axis - target.length + shape.length;
    return { extent, own: own < 0 ? 1 : shape[own]!, stride: own < 0 ? 0 : strides[own]! };
  });
  if (axes.some(({ extent, own }) => own !== 1 && own !== extent)) return undefined;
  return indicesAlong(axes.map(({ extent, own, stride }) => ({ extent, stride: own === 1 ? 0 : stride })));
}

/** The shape to which arrays of these shapes are broadcast together; undefined where they do not fit. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] | undefined {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const all = shapes.map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  const spread = Array.from({ length: rank }, (_, axis) => {
    const extents = new Set(all.map((shape) => shape[axis]!).filter((extent) => extent !== 1));
    return extents.size > 1 ? undefined : ([...extents][0] ?? 1);
  });
  return spread.includes(undefined) ? undefined : (spread as number[]);
}
