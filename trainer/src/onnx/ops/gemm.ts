// Gemm as a dense layer: y = x W + b with x [rows, m], W [m, n] (or [n, m] where transB is 1) and b [n] or [1, n];
// dx = dy Wᵀ, row i's gradient of W is the outer product of x_i and dy_i, that of b is dy_i.
import {
  type BackwardStep,
  integerAttribute,
  type OpNode,
  type OpRule,
  parameterShape,
  UnsupportedOp,
  whyNotParameter,
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
    if (bias) {
      if (!values.isParameter(bias)) throw new UnsupportedOp(whyNotParameter(bias, values));
      const shape = values.shapeOf(bias);
      if (shape.at(-1) !== n || shape.slice(0, -1).some((extent) => extent !== 1)) {
        throw new UnsupportedOp(`${bias} must have ${n} values`);
      }
    }
    return ['rows', n];
  },
  forward(node, step) {
    const inputs = node.inputs.filter((input) => input !== '').map((input) => step.at(input));
    return { output: step.writer.emit('Gemm', inputs, { transB: isTransposed(node) ? 1 : 0 }) };
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
        ? [weightGradient, step.norms.perRow({ parameter: bias, value: gradient, size: n, isFlat: true })]
        : [weightGradient],
    };
  },
};
