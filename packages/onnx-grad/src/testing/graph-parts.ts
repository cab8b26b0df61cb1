// Parts of the package with which tests of other packages read, change and build graphs.
export { GraphWriter, valueInfo } from '../format/graph-writer.ts';
export { decodeModel, encodeModel, type GraphProto, type ModelProto } from '../format/onnx-schema.ts';
export { floatTensor, int64Tensor, readFloats } from '../format/tensor-data.ts';
export { probeNumbers } from '../probes/probe-rows.ts';
export { openSession } from '../runtime/onnx-runtime.ts';
