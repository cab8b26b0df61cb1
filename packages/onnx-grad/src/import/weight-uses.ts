// Finds weights that several nodes read: whatever each of them was in the author's program, they are trained as one.

import type { Constant } from '../format/constant.ts';
import type { OpNode } from '../ops/op-rule.ts';
import type { TrainableParameter } from './initialisers.ts';

/** A trained weight that several nodes read: it is one weight, whatever the author's program had. */
export interface SharedWeight {
  readonly name: string;
  /** The nodes that read it, or a view of it, in file order. */
  readonly nodes: readonly string[];
}

/** They show a weight otherwise, whole: who reads the view reads the weight. */
const VIEWS = ['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast'];
/** They read a weight's extents, and no number of it. */
const OF_EXTENTS = ['Shape', 'Size'];

/**
 * The weights that more than one node reads. Parts that different slices take of one weight are different weights.
 *
 * @param nodes those that the logit depends on, in file order
 */
export function sharedWeights(
  nodes: readonly OpNode[],
  {
    parameters,
    constantOf,
  }: {
    readonly parameters: readonly TrainableParameter[];
    constantOf(value: string): Constant | undefined;
  },
): SharedWeight[] {
  const weightOf = new Map(parameters.map(({ name }) => [name, name]));
  const uses = new Map(
    parameters.map(({ name }) => [
      name,
      [] as { readonly node: string; readonly part: string | undefined }[],
    ]),
  );
  const partOf = ({ opType, inputs }: OpNode) =>
    opType === 'Slice'
      ? inputs
          .slice(1)
          .map((name) => String(constantOf(name)?.values ?? name))
          .join(' ')
      : undefined;
  for (const node of nodes) {
    if (OF_EXTENTS.includes(node.opType)) continue;
    const read = new Set(node.inputs.flatMap((name) => weightOf.get(name) ?? []));
    const [first] = node.inputs;
    const passedOn = VIEWS.includes(node.opType) ? weightOf.get(first!) : undefined;
    if (passedOn !== undefined) {
      weightOf.set(node.output, passedOn);
      continue;
    }
    for (const weight of read) uses.get(weight)!.push({ node: node.name, part: partOf(node) });
  }
  return parameters.flatMap(({ name }) => {
    const own = uses.get(name)!;
    const parts = new Set(own.map(({ part }) => part));
    const areParts = !parts.has(undefined) && parts.size === own.length;
    return own.length < 2 || areParts ? [] : [{ name, nodes: own.map(({ node }) => node) }];
  });
}
