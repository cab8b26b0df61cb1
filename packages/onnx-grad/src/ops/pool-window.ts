// The windows of a pool.
import { dataShape, integersAttribute, type KnownValues, type OpNode } from './op-rule.ts';
import { type Window, windowOf } from './window.ts';

/** @throws UnsupportedOp, as `windowOf` does. */
export function poolWindowOf(node: OpNode, values: KnownValues): Window {
  const [, , ...input] = dataShape(node.inputs[0]!, values) as readonly number[];
  return windowOf(node, { kernel: integersAttribute(node, 'kernel_shape') ?? [], input });
}
