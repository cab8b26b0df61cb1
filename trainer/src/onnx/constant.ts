// Constants of a forward graph: numbers that are known before any data is, the sizes of shapes among them.

import { ELEMENT_TYPE, type TensorProto } from './onnx-schema.ts';
import { type Extent, UnsupportedOp } from './ops/op-rule.ts';
import { elementCount, readNumbers } from './tensor-data.ts';

/** A number, or, where a graph computes with its own shapes, the number of rows or a multiple of it. */
export type Count = Extent | `rows*${number}`;

export interface Constant {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: readonly Count[];
  /** Whether they are integers or booleans, and not floats. */
  readonly isInteger: boolean;
}

const MAXIMUM_VALUES = 2 ** 24;

/** @throws UnsupportedOp where a graph makes a constant that is not to be held in memory */
export function checkConstantSize(shape: readonly number[]): void {
  const count = elementCount(shape);
  if (count <= MAXIMUM_VALUES && shape.every((extent) => Number.isInteger(extent) && extent >= 0)) return;
  throw new UnsupportedOp(
    `it makes a constant of [${shape.join(', ')}] values, and ${MAXIMUM_VALUES} is the most: export it smaller`,
  );
}

export function constantFrom(tensor: TensorProto): Constant {
  const isInteger = tensor.dataType !== ELEMENT_TYPE.float && tensor.dataType !== ELEMENT_TYPE.double;
  return { shape: tensor.dims, values: readNumbers(tensor), isInteger };
}

export const integers = (values: readonly Count[]): Constant => ({
  shape: [values.length],
  values,
  isInteger: true,
});
