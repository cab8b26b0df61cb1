// Gemm as a dense layer: y = x W + b with x [rows, m], W [m, n] (or [n, m] where transB is 1) and b [n];
// dx = dy Wᵀ, row i's gradient of W is the outer product of x_i and dy_i, that of b is dy_i.
import {
  type BackwardStep,
  integerAttribute,
  type OpNode,
  type OpRule,
  parameterShape,
  UnsupportedOp,
  widthOf,
} from './op-rule.ts';

const isTransposed = (node: OpNode): boolean => integerAttribute(node, 'transB', 0) === 1;

function refuseOtherAttributes(node: OpNode): void {
  if (integerAttribute(node, 'transA', 0) !== 0) throw new UnsupportedOp('transA would mix rows');
  for (const { name, f } of node.attributes) {
    if ((name === 'alpha' || name === 'beta') && f !== 1) {
      throw new UnsupportedOp(`${name} must be 1: fold it into the weights`);
    }
  }
}

export const gemm: OpRule = {
  opType: 'Gemm',
  inferShape(node, values) {
    refuseOtherAttributes(node);
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const width = widthOf(data, values);
    const stored = parameterShape(weight, 2, values);
    const [m, n] = (isTransposed(node) ? stored.toReversed() : stored) as [number, number];
    if (m !== width) throw new UnsupportedOp(`${weight} takes ${m} values for an input of width ${width}`);
    if (bias && parameterShape(bias, 1, values)[0] !== n) {
      throw new UnsupportedOp(`${bias} must have ${n} values`);
    }
    return ['rows', n];
  },
  backward(node, gradient, step: BackwardStep) {
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const [m, n] = [step.shapeOf(data)[1], step.shapeOf(node.output)[1]] as [number, number];
    const transposed = isTransposed(node);
    const input = { value: step.at(data), width: m };
    const output = { value: gradient, width: n };
    const [left, right] = transposed ? [output, input] : [input, output];
    const weightGradient = step.norms.outerProduct({ parameter: weight, left, right });
    const transB = transposed ? 0 : 1;
    return {
      inputs: step.needsGradient(data)
        ? [[data, step.writer.emit('Gemm', [gradient, step.at(weight)], { transB })]]
        : [],
      parameters: bias
        ? [weightGradient, step.norms.rowSum({ parameter: bias, of: output })]
        : [weightGradient],
    };
  },
};
