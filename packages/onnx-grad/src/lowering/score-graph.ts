// The forward half of a step, for scores and predictions. It is the lowering that training uses, so that an answer
// follows from its row alone, whatever the row holds. The graph as it was proposed is never run on patients.

import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import type { TensorValue } from '../runtime/onnx-runtime.ts';
import { emitLogit, parameterInput } from './differentiate.ts';

/**
 * Rows of each run; fewer rows are filled up with padding. It is a multiple of any processor's vector length, so that
 * no row is in the remainder of an array.
 */
export const SCORE_ROWS = 64;

export interface ScoreGraph {
  /** ONNX bytes: `x` float [rows, ...inputShape] and the parameters to `logit` float [rows, outputs]. */
  readonly bytes: Uint8Array;
  readonly rows: number;
}

export function buildScoreGraph(model: ForwardModel, rows = SCORE_ROWS): ScoreGraph {
  const writer = new GraphWriter();
  const logit = emitLogit(model, { writer, rows });
  const shape = [rows, model.outputs];
  writer.emitAs('logit', 'Reshape', [logit, writer.int64s(shape)]);
  const float = (name: string, own: readonly number[]) =>
    valueInfo(name, { elementType: 'float', shape: own });
  const bytes = writer.finish({
    name: 'score',
    inputs: [
      float('x', [rows, ...model.inputShape]),
      ...model.parameters.map((parameter, i) => float(parameterInput(i), parameter.shape)),
    ],
    outputs: [float('logit', shape)],
  });
  return { bytes, rows };
}

/** A run's inputs. @param x [rows · features] @param values of all parameters, [parameterCount] */
export function scoreInputs(
  { inputShape, parameters }: ForwardModel,
  { x, values, rows }: { readonly x: Float32Array; readonly values: Float32Array; readonly rows: number },
): Record<string, TensorValue> {
  const own = parameters.map(({ shape, offset, size }, i): [string, TensorValue] => [
    parameterInput(i),
    { type: 'float32', shape, data: values.subarray(offset, offset + size) },
  ]);
  return { x: { type: 'float32', shape: [rows, ...inputShape], data: x }, ...Object.fromEntries(own) };
}
