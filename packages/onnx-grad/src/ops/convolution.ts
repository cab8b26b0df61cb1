// The geometry of a convolution, for the three ways to compute it.
import { dataShape, integerAttribute, type KnownValues, type OpNode, UnsupportedOp } from './op-rule.ts';
import { type Window, windowOf } from './window.ts';

export interface Convolution {
  readonly group: number;
  readonly channels: number;
  readonly filters: number;
  readonly window: Window;
}

/** @throws UnsupportedOp where weights and input do not fit each other. */
export function convolutionOf(node: OpNode, values: KnownValues): Convolution {
  const [data, weight] = node.inputs as [string, string];
  const [, channels, ...input] = dataShape(data, values) as readonly number[];
  const [filters, perGroup, ...kernel] = values.shapeOf(weight) as readonly number[];
  const group = integerAttribute(node, 'group', 1);
  if (channels === undefined || filters === undefined || perGroup === undefined) {
    throw new UnsupportedOp('its input must be [rows, channels, space] and its weights as many axes');
  }
  if (perGroup * group !== channels || filters % group !== 0) {
    throw new UnsupportedOp(`${weight} takes ${perGroup * group} channels for an input of ${channels}`);
  }
  return { group, channels, filters, window: windowOf(node, { kernel, input }) };
}
