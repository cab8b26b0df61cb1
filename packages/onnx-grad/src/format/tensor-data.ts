// Reads and writes the numbers in an ONNX TensorProto, always as little-endian raw data when writing.
import assert from 'node:assert/strict';
import { ELEMENT_TYPE, OnnxFormatError, type TensorProto } from './onnx-schema.ts';

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A float tensor holding `values` in row-major order. */
export function floatTensor({ name, shape }: Named, values: ArrayLike<number>): TensorProto {
  assert.equal(values.length, elementCount(shape), `${name}: as many values as the shape has elements`);
  const rawData = new Uint8Array(values.length * 4);
  const view = new DataView(rawData.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i]!, true);
  return { name, dims: [...shape], dataType: ELEMENT_TYPE.float, rawData };
}

/** A double tensor holding `values` in row-major order. */
export function doubleTensor({ name, shape }: Named, values: ArrayLike<number>): TensorProto {
  assert.equal(values.length, elementCount(shape), `${name}: as many values as the shape has elements`);
  const rawData = new Uint8Array(values.length * 8);
  const view = new DataView(rawData.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i]!, true);
  return { name, dims: [...shape], dataType: ELEMENT_TYPE.double, rawData };
}

/** A one-dimensional int64 tensor. */
export function int64Tensor(name: string, values: readonly number[]): TensorProto {
  const rawData = new Uint8Array(values.length * 8);
  const view = new DataView(rawData.buffer);
  values.forEach((value, i) => {
    view.setBigInt64(i * 8, BigInt(value), true);
  });
  return { name, dims: [values.length], dataType: ELEMENT_TYPE.int64, rawData };
}

export const elsewhere = ({ name }: TensorProto): OnnxFormatError =>
  new OnnxFormatError(
    `initialiser ${name} keeps its data in another file: embed it (external_data=False in torch.onnx.export)`,
  );

function checkCount({ name, dims }: TensorProto, stored: number): void {
  const count = elementCount(dims);
  if (stored === count) return;
  throw new OnnxFormatError(`initialiser ${name} has ${stored} values for ${count} elements`);
}

/**
 * The values of a float tensor, from `raw_data` or `float_data`.
 *
 * @throws OnnxFormatError for external data, or where count and shape disagree.
 */
export function readFloats(tensor: TensorProto): Float32Array {
  assert.equal(tensor.dataType, ELEMENT_TYPE.float);
  if (tensor.dataLocation === 1) {
    throw elsewhere(tensor);
  }
  const count = elementCount(tensor.dims);
  const raw = tensor.rawData;
  const stored = raw !== undefined && raw.length > 0 ? raw.length / 4 : (tensor.floatData?.length ?? 0);
  checkCount(tensor, stored);
  if (raw === undefined || raw.length === 0) return Float32Array.from(tensor.floatData ?? []);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * 4, true));
}

/** The numbers of a tensor of any numeric element type, in row-major order; int64 beyond 2^53 is rounded. */
export function readNumbers(tensor: TensorProto): number[] {
  if (tensor.dataType === ELEMENT_TYPE.float) return [...readFloats(tensor)];
  if (tensor.dataLocation === 1) {
    throw elsewhere(tensor);
  }
  const count = elementCount(tensor.dims);
  const raw = tensor.rawData;
  if (raw === undefined || raw.length === 0) {
    const { int32Data = [], int64Data = [], doubleData = [] } = tensor;
    const stored = [int32Data, int64Data, doubleData].find((list) => list.length > 0) ?? [];
    checkCount(tensor, stored.length);
    return stored.map(Number);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const readers: Readonly<Record<number, readonly [bytes: number, read: (at: number) => number]>> = {
    [ELEMENT_TYPE.int32]: [4, (at) => view.getInt32(at, true)],
    [ELEMENT_TYPE.int64]: [8, (at) => Number(view.getBigInt64(at, true))],
    [ELEMENT_TYPE.bool]: [1, (at) => view.getUint8(at)],
    [ELEMENT_TYPE.double]: [8, (at) => view.getFloat64(at, true)],
  };
  const reader = readers[tensor.dataType];
  if (reader === undefined) {
    throw new OnnxFormatError(`tensor ${tensor.name} has elements of type ${tensor.dataType}: use float32`);
  }
  const [bytes, read] = reader;
  checkCount(tensor, raw.length / bytes);
  return Array.from({ length: count }, (_, i) => read(i * bytes));
}
