// MatMul by a trainable matrix, y = x W with x [rows, ..., m] and W [m, n]: dx = dy Wᵀ, and a row's gradient of W is
// Σ over its positions of the outer product of x and dy; a constant W has none. Or of two data values, row by row
// (attention): y = a b, da = dy bᵀ, db = aᵀ dy.

import { elementCount } from '../format/tensor-data.ts';
import {
  type BackwardStep,
  dataShape,
  type Gradients,
  type KnownValues,
  type OpNode,
  type OpRule,
  parameterShape,
  type Shape,
  UnsupportedOp,
} from './op-rule.ts';
import { emitProduct } from './row-products.ts';

function shapeOfDataProduct(node: OpNode, values: KnownValues): Shape {
  const [a, b] = node.inputs.map((input) => dataShape(input, values)) as [Shape, Shape];
  const rank = a.length;
  if (rank < 3 || b.length !== rank || a.slice(0, -2).join() !== b.slice(0, -2).join()) {
    throw new UnsupportedOp(
      'two data inputs must be [rows, ..., m, n] with the same axes before the last two',
    );
  }
  if (a.at(-1) !== b.at(-2)) throw new UnsupportedOp(`${a.at(-1)} columns do not meet ${b.at(-2)} rows`);
  return a.with(-1, b.at(-1)!);
}

function dataProductBackward(node: OpNode, gradient: string, step: BackwardStep): Gradients {
  const { writer } = step;
  const [a, b] = node.inputs as [string, string];
  const rank = step.shapeOf(a).length;
  const perm = Array.from({ length: rank }, (_, axis) => axis)
    .with(-1, rank - 2)
    .with(-2, rank - 1);
  const transposed = (value: string) => writer.emit('Transpose', [step.at(value)], { perm });
  const inputs: [string, string][] = [];
  if (step.needsGradient(a)) inputs.push([a, writer.emit('MatMul', [gradient, transposed(b)])]);
  if (step.needsGradient(b)) inputs.push([b, writer.emit('MatMul', [transposed(a), gradient])]);
  return { inputs, parameters: [] };
}

export const matmul: OpRule = {
  opType: 'MatMul',
  inferShape(node, values) {
    const [data, weight] = node.inputs as [string, string];
    if (!values.isParameter(weight) && values.constantOf(weight) === undefined) {
      return shapeOfDataProduct(node, values);
    }
    const shape = dataShape(data, values);
    const fixed = values.constantOf(weight);
    const isFixed = fixed?.shape.length === 2 && !fixed.isInteger;
    const [m, n] = (isFixed ? fixed.shape : parameterShape(weight, 2, values)) as [number, number];
    if (shape.length < 2 || m !== shape.at(-1)) {
      throw new UnsupportedOp(`${weight} has ${m} rows for an input [${shape.join(', ')}]`);
    }
    return shape.with(-1, n);
  },
  forward(node, step) {
    const { writer } = step;
    const [data, weight] = node.inputs as [string, string];
    const sizes = step.sizesOf(data);
    const outer = step.sizesOf(node.output).at(-1)!;
    const isOfData = !step.isParameter(weight) && step.constantOf(weight) === undefined;
    // Rows of one product of data are those of one row.
    if (isOfData || outer > 1) {
      return { output: writer.emit('MatMul', [step.at(data), step.at(weight)]) };
    }
    const inner = sizes.at(-1)!;
    const rows = sizes.length === 2 ? step.at(data) : writer.reshape(step.at(data), [-1, inner]);
    const product = emitProduct(writer, {
      ...{ rows, weight: step.at(weight), inner, outer },
      isTransposed: false,
    });
    return { output: sizes.length === 2 ? product : writer.reshape(product, step.sizesOf(node.output)) };
  },
  backward(node, gradient, step) {
    const [data, weight] = node.inputs as [string, string];
    const isFixed = step.constantOf(weight) !== undefined;
    if (!step.isParameter(weight) && !isFixed) return dataProductBackward(node, gradient, step);
    const { writer } = step;
    const [m, n] = step.shapeOf(weight) as [number, number];
    const sizes = step.sizesOf(data);
    const all = elementCount(sizes.slice(0, -1));
    const flatten = (value: string, width: number) =>
      sizes.length === 2 ? value : writer.reshape(value, [all, width]);
    const dy = flatten(gradient, n);
    const parameters = isFixed
      ? []
      : [
          step.norms.outerProduct({
            parameter: weight,
            positions: all / step.rowCount,
            left: { value: flatten(step.at(data), m), width: m },
            right: { value: dy, width: n },
          }),
        ];
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    const back = emitProduct(writer, {
      ...{ rows: dy, weight: step.at(weight), inner: n, outer: m },
      isTransposed: true,
    });
    return {
      inputs: [[data, sizes.length === 2 ? back : writer.reshape(back, sizes)]],
      parameters,
    };
  },
};
