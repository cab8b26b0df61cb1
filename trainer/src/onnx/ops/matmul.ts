// MatMul by a trainable matrix: y = x W with x [rows, m] and W [m, n]; dx = dy Wᵀ, and row i's gradient of W is
// the outer product of x_i and dy_i.
import { type OpRule, parameterShape, UnsupportedOp, widthOf } from './op-rule.ts';

export const matmul: OpRule = {
  opType: 'MatMul',
  inferShape(node, values) {
    const [data, weight] = node.inputs as [string, string];
    const width = widthOf(data, values);
    const [m, n] = parameterShape(weight, 2, values) as [number, number];
    if (m !== width) throw new UnsupportedOp(`${weight} has ${m} rows for an input of width ${width}`);
    return ['rows', n];
  },
  backward(node, gradient, step) {
    const [data, weight] = node.inputs as [string, string];
    const [m, n] = step.shapeOf(weight) as [number, number];
    return {
      inputs: step.needsGradient(data)
        ? [[data, step.writer.emit('Gemm', [gradient, step.at(weight)], { transB: 1 })]]
        : [],
      parameters: [
        step.norms.outerProduct({
          parameter: weight,
          left: { value: step.at(data), width: m },
          right: { value: gradient, width: n },
        }),
      ],
    };
  },
};
