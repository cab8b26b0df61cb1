// A dense layer over each position of a sequence, whose weights are more than twice the square of its length: the norms
// of its gradients come from two Gram matrices.

import { int64Tensor } from '@consilium/onnx-grad/testing/graph-parts';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';

/** ONNX bytes of a model whose rows have positions · width values. */
export const sequenceModel = ({
  positions,
  width,
  outputs = width,
}: {
  readonly positions: number;
  readonly width: number;
  readonly outputs?: number;
}): Uint8Array =>
  tinyModel({
    features: positions * width,
    weights: { w: [width, outputs], v: [outputs, 1] },
    nodes: [
      { op: 'Reshape', from: ['x', 'sequence'], to: 's' },
      { op: 'MatMul', from: ['s', 'w'], to: 'h' },
      { op: 'ReduceMean', from: ['h'], to: 'm', attributes: { axes: [1], keepdims: 0 } },
      { op: 'MatMul', from: ['m', 'v'], to: 'logit' },
    ],
    extra: [int64Tensor('sequence', [0, positions, width])],
  });
