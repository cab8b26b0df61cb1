// Split of one of a row's axes: each part is a Slice, and is trained through as one.
import { ATTRIBUTE_TYPE } from '../onnx-schema.ts';
import {
  constantNumbers,
  dataShape,
  integerAttribute,
  integersAttribute,
  type KnownValues,
  type OpNode,
  rowAxis,
} from './op-rule.ts';

function partSizes(node: OpNode, values: KnownValues, extent: number): readonly number[] {
  const given = node.inputs[1] ? constantNumbers(node.inputs[1], values) : integersAttribute(node, 'split');
  if (given !== undefined && given.length > 0) return given as readonly number[];
  const size = Math.ceil(extent / node.outputs.length);
  return node.outputs.map((_, part) => Math.min(size, extent - part * size));
}

/** A Slice for each part. */
export function slicesOf(node: OpNode, values: KnownValues): OpNode[] {
  const shape = dataShape(node.inputs[0]!, values);
  const axis = rowAxis(integerAttribute(node, 'axis', 0), shape.length);
  let start = 0;
  return partSizes(node, values, shape[axis] as number).map((size, part) => {
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
