// What Slice and Gather share: y takes the entries at constant places of one of a row's axes. Its gradient is a
// product with the places' one-hot matrix (entries taken twice add up).
import type { ForwardStep } from './op-rule.ts';

/** Gradient with respect to an input of extent `extent` along `axis`, of which y's entry k was entry places[k]. */
export function scatterBack(
  gradient: string,
  {
    axis,
    sizes,
    places,
  }: { readonly axis: number; readonly sizes: readonly number[]; readonly places: readonly number[] },
  { writer }: ForwardStep,
): string {
  const extent = sizes[axis]!;
  const oneHot = new Float32Array(places.length * extent);
  places.forEach((place, k) => {
    oneHot[k * extent + place] = 1;
  });
  const matrix = writer.floats([places.length, extent], oneHot);
  const last = sizes.length - 1;
  if (axis === last) return writer.emit('MatMul', [gradient, matrix]);
  const perm = sizes
    .map((_, i) => i)
    .with(axis, last)
    .with(last, axis);
  const product = writer.emit('MatMul', [writer.emit('Transpose', [gradient], { perm }), matrix]);
  return writer.emit('Transpose', [product], { perm });
}
