// Add of two data values of one shape (a residual), dx = dy for both; or of data [rows, n] and a trainable
// offset, where row i's gradient of the offset is dy_i, summed over the columns that share one offset.
import { type KnownValues, type OpNode, type OpRule, UnsupportedOp, widthOf } from './op-rule.ts';

function operands(node: OpNode, values: KnownValues): { data: string; offset: string } | undefined {
  const [first, second] = node.inputs as [string, string];
  if (values.isParameter(second)) return { data: first, offset: second };
  if (values.isParameter(first)) return { data: second, offset: first };
  return undefined;
}

export const add: OpRule = {
  opType: 'Add',
  inferShape(node, values) {
    const pair = operands(node, values);
    if (pair === undefined) {
      const [a, b] = node.inputs.map((input) => values.shapeOf(input));
      if (a!.join() !== b!.join()) throw new UnsupportedOp('two data inputs must have the same shape');
      return a!;
    }
    const width = widthOf(pair.data, values);
    const shape = values.shapeOf(pair.offset);
    const columns = shape.at(-1) ?? 1;
    if (shape.slice(0, -1).some((extent) => extent !== 1) || (columns !== 1 && columns !== width)) {
      throw new UnsupportedOp(`${pair.offset} must have 1 or ${width} values, the same for every row`);
    }
    if (shape.length > 2) throw new UnsupportedOp(`${pair.offset} must have at most two axes`);
    return ['rows', width];
  },
  backward(node, gradient, step) {
    const pair = operands(node, step);
    if (pair === undefined) {
      const inputs = node.inputs.filter((input) => step.needsGradient(input));
      return { inputs: inputs.map((input) => [input, gradient] as const), parameters: [] };
    }
    const width = step.shapeOf(pair.data)[1] as number;
    const columns = (step.shapeOf(pair.offset).at(-1) ?? 1) as number;
    const of =
      columns === width
        ? { value: gradient, width }
        : {
            value: step.writer.emit('ReduceSum', [gradient, step.writer.int64s([1])], { keepdims: 1 }),
            width: 1,
          };
    return {
      inputs: step.needsGradient(pair.data) ? [[pair.data, gradient]] : [],
      parameters: [step.norms.rowSum({ parameter: pair.offset, of })],
    };
  },
};
