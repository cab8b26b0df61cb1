// Constants of a forward graph: numbers that do not depend on data, such as the sizes of shapes.

import { CONSTANT_NUMBERS, MAXIMUM_RANK } from './graph-limits.ts';
import { ELEMENT_TYPE, type TensorProto } from './onnx-schema.ts';
import { elementCount, readNumbers } from './tensor-data.ts';
import { UnsupportedOp } from './unsupported-model.ts';

/** A number; or, where a graph computes with its own shapes, the number of rows or a multiple of it. */
export type Count = number | 'rows' | `rows*${number}`;

export interface Constant {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: readonly Count[];
  /** Whether the values are integers or booleans, and not floats. */
  readonly isInteger: boolean;
}

/** @throws UnsupportedOp for a constant of too many values */
export function checkConstantSize(shape: readonly number[]): void {
  const count = elementCount(shape);
  if (shape.length > MAXIMUM_RANK) {
    throw new UnsupportedOp(`it makes a constant of ${shape.length} axes, and ${MAXIMUM_RANK} is the most`);
  }
  if (count <= CONSTANT_NUMBERS && shape.every((extent) => Number.isInteger(extent) && extent >= 0)) return;
  throw new UnsupportedOp(
    `it makes a constant of [${shape.join(', ')}] values, and ${CONSTANT_NUMBERS} is the most`,
    'export it smaller',
  );
}

const numeric = new WeakMap<readonly Count[], boolean>();

/** Whether none of the values depends on the number of rows. The answer is kept for each list. */
export function areNumbers(values: readonly Count[]): values is readonly number[] {
  let known = numeric.get(values);
  if (known === undefined) {
    known = values.every((value) => typeof value === 'number');
    numeric.set(values, known);
  }
  return known;
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
