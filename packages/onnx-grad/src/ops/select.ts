// Shared by Slice and Gather: y takes the entries at constant indices of one of a row's axes. Its gradient is a
// product with the indices' one-hot matrix (entries taken twice add up).
import type { ForwardStep } from './op-rule.ts';

/** Gradient with respect to an input of extent `extent` along `axis`, of which y's entry k was entry indices[k]. */
export function scatterBack(
  gradient: string,
  {
    axis,
    sizes,
    indices,
  }: { readonly axis: number; readonly sizes: readonly number[]; readonly indices: readonly number[] },
  { writer }: ForwardStep,
): string {
  const extent = sizes[axis]!;
  const oneHot = new Float32Array(indices.length * extent);
  indices.forEach((index, k) => {
    oneHot[k * extent + index] = 1;
  });
  const matrix = writer.floats([indices.length, extent], oneHot);
  const last = sizes.length - 1;
  if (axis === last) return writer.emit('MatMul', [gradient, matrix]);
  const perm = sizes
    .map((_, i) => i)
    .with(axis, last)
    .with(last, axis);
  const product = writer.emit('MatMul', [writer.emit('Transpose', [gradient], { perm }), matrix]);
  return writer.emit('Transpose', [product], { perm });
}
