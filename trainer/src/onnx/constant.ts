// Constants of a forward graph: numbers that are known before any data is, the sizes of shapes among them.

import { ELEMENT_TYPE, type TensorProto } from './onnx-schema.ts';
import type { Extent } from './ops/op-rule.ts';
import { readNumbers } from './tensor-data.ts';

export interface Constant {
  readonly shape: readonly number[];
  /** In row-major order. `rows` stands for the number of rows where a graph computes with its own shapes. */
  readonly values: readonly Extent[];
  readonly isInteger: boolean;
}

export function constantFrom(tensor: TensorProto): Constant {
  const isInteger = tensor.dataType !== ELEMENT_TYPE.float && tensor.dataType !== ELEMENT_TYPE.double;
  return { shape: tensor.dims, values: readNumbers(tensor), isInteger };
}

export const integers = (values: readonly Extent[]): Constant => ({
  shape: [values.length],
  values,
  isInteger: true,
});
