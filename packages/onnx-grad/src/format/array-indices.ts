// Where values of an array in row-major order lie in another one: permuted, spread or sliced.
import { elementCount } from './tensor-data.ts';

/** How far apart neighbours along each axis lie. */
export const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => elementCount(shape.slice(axis + 1)));

/** One axis of what is taken: how many values, and how far apart they lie in the source. */
interface Walk {
  readonly extent: number;
  readonly stride: number;
}

/** Indices in the source of values taken along axes, the last of them fastest. */
export function indicesAlong(axes: readonly Walk[], first = 0): Uint32Array {
  const indices = new Uint32Array(elementCount(axes.map(({ extent }) => extent)));
  if (indices.length === 0) return indices;
  indices[0] = first;
  let filled = 1;
  // What is filled is repeated along one more axis, from the last to the first.
  for (const { extent, stride } of axes.toReversed()) {
    for (let k = 1; k < extent; k++) {
      for (let i = 0; i < filled; i++) indices[k * filled + i] = indices[i]! + k * stride;
    }
    filled *= extent;
  }
  return indices;
}

/** Of an array whose axis i is axis perm[i] of the source. */
export function permutedIndices(shape: readonly number[], perm: readonly number[]): Uint32Array {
  const strides = stridesOf(shape);
  return indicesAlong(perm.map((axis) => ({ extent: shape[axis]!, stride: strides[axis]! })));
}

/** Of an array that is spread to a shape as NumPy does it; undefined where it does not fit. */
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

/** The shape that arrays of these shapes are spread to together; undefined where they do not fit. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] | undefined {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const all = shapes.map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  const spread = Array.from({ length: rank }, (_, axis) => {
    const extents = new Set(all.map((shape) => shape[axis]!).filter((extent) => extent !== 1));
    return extents.size > 1 ? undefined : ([...extents][0] ?? 1);
  });
  return spread.includes(undefined) ? undefined : (spread as number[]);
}
