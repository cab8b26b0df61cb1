// Gemm as a dense layer: y = x W + b with x [rows, m], W [m, n] (or [n, m] where transB is 1) and b [n] or [1, n];
// dx = dy Wᵀ, row i's gradient of W is the outer product of x_i and dy_i, that of b is dy_i. Where axes were folded
// into the rows (`rows-layout.ts`), x is [rows, ..., m], and a row's gradients are sums over its positions.

import { elementCount } from '../format/tensor-data.ts';
import {
  type BackwardStep,
  dataShape,
  integerAttribute,
  type OpNode,
  type OpRule,
  parameterShape,
  UnsupportedOp,
  whyNotParameter,
  widthOf,
} from './op-rule.ts';
import { emitProduct } from './row-products.ts';
import { emitRowSum } from './row-sums.ts';

const isTransposed = (node: OpNode): boolean => integerAttribute(node, 'transB', 0) === 1;

function refuseOtherAttributes(node: OpNode): void {
  if (integerAttribute(node, 'transA', 0) !== 0) throw new UnsupportedOp('transA would mix rows');
  for (const { name, f } of node.attributes) {
    if ((name === 'alpha' || name === 'beta') && f !== 1) {
      throw new UnsupportedOp(`${name} must be 1`, 'fold it into the weights');
    }
  }
}

export const gemm: OpRule = {
  opType: 'Gemm',
  inferShape(node, values) {
    refuseOtherAttributes(node);
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const shape = dataShape(data, values);
    const width = shape.length > 2 ? shape.at(-1) : widthOf(data, values);
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
    return shape.with(-1, n);
  },
  forward(node, step) {
    const [data, ...others] = node.inputs.filter((input) => input !== '') as [string, ...string[]];
    const { writer } = step;
    const sizes = step.sizesOf(data);
    const isFlat = sizes.length === 2;
    const rows = isFlat ? step.at(data) : writer.reshape(step.at(data), [-1, sizes.at(-1)!]);
    const [weight, offset] = others.map((input) => step.at(input)) as [string, string?];
    const [inner, outer] = [sizes.at(-1)!, step.sizesOf(node.output).at(-1)!];
    const product = emitProduct(writer, {
      ...{ rows, weight, inner, outer, offset },
      isTransposed: isTransposed(node),
    });
    return { output: isFlat ? product : writer.reshape(product, step.sizesOf(node.output)) };
  },
  backward(node, gradient, step: BackwardStep) {
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const { writer } = step;
    const sizes = step.sizesOf(node.output);
    const [m, n] = [step.sizesOf(data).at(-1)!, sizes.at(-1)!];
    const positions = elementCount(sizes.slice(1, -1));
    const flatten = (value: string, width: number) =>
      sizes.length === 2 ? value : writer.reshape(value, [step.rowCount * positions, width]);
    const dy = flatten(gradient, n);
    const transposed = isTransposed(node);
    const input = { value: flatten(step.at(data), m), width: m };
    const output = { value: dy, width: n };
    const [left, right] = transposed ? [output, input] : [input, output];
    const parameters = [step.norms.outerProduct({ parameter: weight, positions, left, right })];
    if (bias && sizes.length === 2) {
      parameters.push(step.norms.perRow({ parameter: bias, value: gradient, size: n, isFlat: true }));
    } else if (bias) {
      const axes = Array.from({ length: sizes.length - 2 }, (_, i) => i + 1);
      const value = emitRowSum(writer, { value: gradient, sizes, axes });
      parameters.push(step.norms.perRow({ parameter: bias, value, size: n }));
    }
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    const back = emitProduct(writer, {
      ...{ rows: dy, weight: step.at(weight), inner: n, outer: m },
      isTransposed: !transposed,
    });
    return {
      inputs: [[data, sizes.length === 2 ? back : writer.reshape(back, step.sizesOf(data))]],
      parameters,
    };
  },
};
