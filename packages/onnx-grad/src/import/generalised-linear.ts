// Generalised linear models of scikit-learn (PoissonRegressor, GammaRegressor, TweedieRegressor), which skl2onnx
// writes differently from its other linear models: a MatMul by a vector and an Add, both of constants without a name,
// an Exp where the link is a log, and a Reshape to a column.

import { ELEMENT_TYPE, type ModelProto, type NodeProto, type TensorProto } from '../format/onnx-schema.ts';
import { floatTensor, readFloats } from '../format/tensor-data.ts';

interface GeneralisedLinear {
  readonly coefficients: TensorProto;
  readonly intercept: TensorProto;
  /** What computes the column's values: the inverse of the log link, or the sum itself. */
  readonly last: NodeProto;
  readonly column: NodeProto;
}

function findGeneralisedLinear({ producerName, graph }: ModelProto): GeneralisedLinear | undefined {
  if (producerName !== 'skl2onnx' || graph.output.length !== 1) return undefined;
  const makerOf = (value: string | undefined, opTypes: readonly string[]) =>
    graph.node.find(({ opType, output }) => output[0] === value && opTypes.includes(opType));
  const numbers = (name: string | undefined) =>
    graph.initializer.find(
      (tensor) => tensor.name === name && tensor.dataType === ELEMENT_TYPE.float && tensor.dims.length === 1,
    );
  const column = makerOf(graph.output[0]!.name, ['Reshape']);
  const last = makerOf(column?.input[0], ['Exp', 'Add']);
  const sum = last?.opType === 'Add' ? last : makerOf(last?.input[0], ['Add']);
  const product = makerOf(sum?.input[0], ['MatMul']);
  const coefficients = numbers(product?.input[1]);
  const intercept = numbers(sum?.input[1]);
  if (column === undefined || last === undefined) return undefined;
  if (coefficients === undefined || intercept?.dims[0] !== 1) return undefined;
  return { coefficients, intercept, last, column };
}

/**
 * The model with its weights as `coefficients` [features, 1] and `intercepts` [1], of which the sum, or its
 * exp, is the output [rows, 1]; the same object where it is no generalised linear model of skl2onnx.
 */
export function withNamedCoefficients(model: ModelProto): ModelProto {
  const found = findGeneralisedLinear(model);
  if (found === undefined) return model;
  const { graph } = model;
  const { coefficients, intercept, last, column } = found;
  const renamed: ReadonlyMap<string, string> = new Map([
    [coefficients.name, 'coefficients'],
    [intercept.name, 'intercepts'],
  ]);
  const initializer = graph.initializer.map((tensor) => {
    const name = renamed.get(tensor.name);
    if (name === undefined) return tensor;
    return floatTensor(
      { name, shape: tensor === coefficients ? [tensor.dims[0]!, 1] : [1] },
      readFloats(tensor),
    );
  });
  const node = graph.node
    .filter((own) => own !== column)
    .map((own) => ({
      ...own,
      input: own.input.map((name) => renamed.get(name) ?? name),
      output: own === last ? column.output : own.output,
    }));
  return { ...model, graph: { ...graph, node, initializer } };
}
