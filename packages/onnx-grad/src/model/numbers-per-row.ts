// How many numbers a model computes of one row: what a run of it takes in memory follows from that.
import type { KnownValues, OpNode } from '../ops/op-rule.ts';

/** Of all nodes, and of the windows that convolutions may lay out. */
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
