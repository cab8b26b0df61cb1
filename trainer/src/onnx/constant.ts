// Constants of a forward graph: numbers that are known before any data is, the sizes of shapes among them.

import { ELEMENT_TYPE, type TensorProto } from './onnx-schema.ts';
import type { Extent } from './ops/op-rule.ts';
import { readNumbers } from './tensor-data.ts';

/** A number, or, where a graph computes with its own shapes, the number of rows or a multiple of it. */
export type Count = Extent | `rows*${number}`;

export interface Constant {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: readonly Count[];
  readonly isInteger: boolean;
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
