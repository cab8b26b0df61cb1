// Parameters that make the factors of a padding unit NaN, and leave a patient's finite: the offsets of the first layer
// let both values of the second overflow to infinities, which cancel, unless a patient's features keep them small.
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import type { LabelledRow } from '../training-units.ts';

export function overflowingPadding(): {
  readonly model: Uint8Array;
  readonly start: Float32Array;
  readonly row: LabelledRow;
} {
  const features = 5;
  const model = buildForwardModel({
    kind: 'multilayer-perceptron',
    features,
    hidden: [2, 2],
    activation: 'relu',
    localIntercept: false,
  });
  const { parameters, parameterCount } = readForwardModel(model);
  const values: Record<string, readonly number[]> = {
    weight0: new Array<number>(2 * features).fill(-1e38),
    bias0: [3e38, 3e38],
    weight1: [10, 10, 10, 10],
    weight2: [1, -1],
  };
  const start = new Float32Array(parameterCount);
  for (const { name, offset } of parameters) start.set(values[name] ?? [], offset);
  return { model, start, row: { features: new Array<number>(features).fill(1), label: 1 } };
}
