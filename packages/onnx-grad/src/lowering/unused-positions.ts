// Removes positions that nothing reads: convolutions and pools whose strides skip the end of their input do not need
// it. The nodes before them compute fewer positions, in the backward half too, where their gradients would be zero.
// Neither outputs nor gradients change.

import { ATTRIBUTE_TYPE } from '../format/onnx-schema.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { convolutionOf } from '../ops/convolution.ts';
import type { Extent, KnownValues, OpNode } from '../ops/op-rule.ts';
import { poolWindowOf } from '../ops/pool-window.ts';
import { reachOf, type Window } from '../ops/window.ts';

/** Operators that work on each value by itself. */
const ELEMENTWISE = ['Relu', 'LeakyRelu', 'Elu', 'Tanh', 'Sigmoid', 'Softplus', 'Gelu', 'Mish'];

function windowIn(node: OpNode, values: KnownValues): Window | undefined {
  if (node.opType === 'Conv') return convolutionOf(node, values).window;
  return node.opType === 'MaxPool' ? poolWindowOf(node, values) : undefined;
}

const spaceOf = (shape: readonly Extent[]): readonly number[] => shape.slice(2) as number[];

/** Per value, how many positions along each spatial axis are used; a value that is not listed is used as a whole. */
function usedPositions(model: ForwardModel): ReadonlyMap<string, readonly number[]> {
  const used = new Map<string, readonly number[]>();
  const use = (value: string, positions: readonly number[]) => {
    const before = used.get(value) ?? positions;
    used.set(
      value,
      positions.map((count, axis) => Math.max(count, before[axis]!)),
    );
  };
  use(model.logit, spaceOf(model.shapeOf(model.logit)));
  for (const node of model.nodes.toReversed()) {
    const [data] = node.inputs as [string];
    const window = windowIn(node, model);
    const output = used.get(node.output) ?? spaceOf(model.shapeOf(node.output));
    if (window !== undefined) {
      const reach = reachOf({ ...window, output });
      use(
        data,
        window.input.map((extent, i) => Math.min(extent, reach[i]! - window.pads[i]!)),
      );
    } else if (ELEMENTWISE.includes(node.opType)) {
      use(data, output);
    } else {
      // Optional inputs that are left out are ''.
      for (const input of node.inputs.filter(Boolean)) use(input, spaceOf(model.shapeOf(input)));
    }
  }
  return used;
}

/** The node with explicit pads, of as few positions at the end as leave it the outputs that are used. */
function withFewerPads(node: OpNode, window: Window, used: readonly number[]): OpNode {
  const axes = window.input.length;
  const reach = reachOf({ ...window, output: used });
  const before = window.pads.slice(0, axes);
  const after = reach.map((extent, i) => Math.max(0, extent - before[i]! - window.input[i]!));
  const replaced = ['auto_pad', 'ceil_mode', 'pads'];
  const pads = { name: 'pads', type: ATTRIBUTE_TYPE.ints, ints: [...before, ...after] };
  return { ...node, attributes: [...node.attributes.filter(({ name }) => !replaced.includes(name)), pads] };
}

/** The model without the positions that nothing reads; shapes of values between its nodes may be smaller. */
export function withoutUnusedPositions(model: ForwardModel): ForwardModel {
  const used = usedPositions(model);
  const shapes = new Map<string, readonly Extent[]>();
  const values = { ...model, shapeOf: (value: string) => shapes.get(value) ?? model.shapeOf(value) };
  const nodes = model.nodes.map((node) => {
    const [data] = node.inputs as [string];
    const window = windowIn(node, values);
    if (window === undefined) {
      if (ELEMENTWISE.includes(node.opType)) shapes.set(node.output, values.shapeOf(data));
      return node;
    }
    const fewer = withFewerPads(node, window, used.get(node.output)!);
    const { output } = windowIn(fewer, values)!;
    shapes.set(node.output, [...model.shapeOf(node.output).slice(0, 2), ...output]);
    return fewer;
  });
  return { ...values, nodes };
}
