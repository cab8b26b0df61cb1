// Parts of the engine that tests of other packages take apart or build graphs with.
export { GraphWriter, valueInfo } from '../graph-writer.ts';
export { openSession } from '../onnx-runtime.ts';
export { decodeModel, encodeModel, type GraphProto, type ModelProto } from '../onnx-schema.ts';
export { probeNumbers } from '../probe-rows.ts';
export { floatTensor, int64Tensor, readFloats } from '../tensor-data.ts';
