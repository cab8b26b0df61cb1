// How many numbers a model computes for one row, from which the memory of a run follows.
import type { KnownValues, OpNode } from '../ops/op-rule.ts';

/** Numbers of all outputs of nodes, and of the windows of convolutions. */
export function numbersPerRow({
  nodes,
  shapeOf,
}: Pick<KnownValues, 'shapeOf'> & { readonly nodes: readonly OpNode[] }): number {
  const sizeOf = (value: string) =>
    shapeOf(value)
      .map((extent) => (extent === 'rows' ? 1 : extent))
      .reduce((product, size) => product * size, 1);
  return nodes.reduce((sum, { opType, inputs, output }) => {
    const own = sizeOf(output);
    if (opType !== 'Conv') return sum + own;
    const [filters] = shapeOf(inputs[1]!) as readonly number[];
    return sum + own + (own / filters!) * (sizeOf(inputs[1]!) / filters!);
  }, 0);
}
