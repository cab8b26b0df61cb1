// Split of one of a row's axes: each part is a Slice, and is trained through as one.
import type { Count } from '../format/constant.ts';
import { ATTRIBUTE_TYPE } from '../format/onnx-schema.ts';
import {
  constantNumbers,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  UnsupportedOp,
} from './op-rule.ts';

function partSizes(node: OpNode, values: KnownValues, extent: number): readonly number[] {
  const given = node.inputs[1] ? constantNumbers(node.inputs[1], values) : integersAttribute(node, 'split');
  if (given !== undefined && given.length > 0) return given as readonly number[];
  const size = Math.ceil(extent / node.outputs.length);
  return node.outputs.map((_, part) => Math.min(size, extent - part * size));
}

/**
 * A Slice for each part.
 *
 * @param shape that the graph gives the value
 */
export function slicesOf(node: OpNode, shape: readonly Count[], values: KnownValues): OpNode[] {
  const given = integerAttribute(node, 'axis', 0);
  const axis = given < 0 ? given + shape.length : given;
  const extent = shape[axis];
  if (typeof extent !== 'number')
    throw new UnsupportedOp(`it works along axis ${axis}, which would mix rows`);
  let start = 0;
  return partSizes(node, values, extent).map((size, part) => {
    const ranges = { starts: start, ends: start + size, axes: axis };
    start += size;
    return {
      ...node,
      name: `${node.name}[${part}]`,
      opType: 'Slice',
      inputs: [node.inputs[0]!],
      output: node.outputs[part]!,
      outputs: [node.outputs[part]!],
      attributes: Object.entries(ranges).map(([name, value]) => ({
        name,
        type: ATTRIBUTE_TYPE.ints,
        ints: [value],
      })),
    };
  });
}
