import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loss } from '../losses/loss.ts';
import { buildForwardModel } from '../model/build-forward-model.ts';
import { type ForwardModel, readForwardModel } from '../model/forward-model.ts';
import { probeNumbers } from '../probes/probe-rows.ts';
import { buildOperatorModel, OPERATOR_CASES } from '../testing/operator-cases.ts';
import { runStep } from '../testing/run-step.ts';
import { LARGEST_FEATURE, overflowBoundsOf } from './overflow-bounds.ts';
import { buildStepGraph } from './step-graph.ts';

const FEATURES = 7;
const perceptron = (hidden: readonly number[], activation: 'relu' | 'tanh' = 'relu') =>
  readForwardModel(
    buildForwardModel({
      kind: 'multilayer-perceptron',
      features: FEATURES,
      hidden,
      activation,
      localIntercept: true,
    }),
  );
const linear = readForwardModel(
  buildForwardModel({ kind: 'logistic-regression', features: FEATURES, localIntercept: true }),
);
const MODELS: readonly (readonly [ForwardModel, Loss])[] = [
  [linear, { kind: 'binary-cross-entropy', classWeights: [1, 9] }],
  [linear, { kind: 'squared-error' }],
  [perceptron([5]), { kind: 'binary-cross-entropy' }],
  [perceptron([6, 4]), { kind: 'huber', delta: 3 }],
  [perceptron([6, 4], 'tanh'), { kind: 'squared-error' }],
];

test('where bounds rule out overflow, the largest rows and parameters within them do not overflow', async () => {
  const next = probeNumbers(3);
  let sure = 0;
  const sign = () => (next() < 0 ? -1 : 1);
  for (const [model, loss] of MODELS) {
    for (const rowsPerUnit of [1, 2]) {
      for (const floatFrom of [1, Number.POSITIVE_INFINITY]) {
        const graph = buildStepGraph(model, {
          clipNormL2: 1,
          capacityUnits: 4,
          rowsPerUnit,
          loss,
          floatFrom,
        });
        const isSure = overflowBoundsOf(model, { loss, rowsPerUnit, largestSquare: graph.largestSquare })!;
        let largest = 2 ** 100;
        while (largest > 2 ** -20 && !isSure(model.parameters.map(() => largest))) largest /= 2;
        // In float, labels of 2^24 are too large for squared errors; those are summed in double.
        if (largest <= 2 ** -20) continue;
        sure++;
        for (let trial = 0; trial < 6; trial++) {
          const parameters = model.values.map(() => (trial % 2 === 0 ? 1 : sign()) * largest);
          const row = () => ({
            features: Array.from(
              { length: FEATURES },
              () => (trial % 3 === 0 ? 1 : sign()) * LARGEST_FEATURE,
            ),
            label: loss.kind === 'squared-error' ? sign() * LARGEST_FEATURE : Number(next() > 0),
          });
          const units = [1, 2, 3].map(() => Array.from({ length: rowsPerUnit }, row));
          const { squares, clippedSum } = await runStep(graph, { parameters, units });
          for (const square of squares!.data) assert.ok(square <= graph.largestSquare / 2, `${square}`);
          assert.ok(clippedSum!.data.every(Number.isFinite));
        }
      }
    }
  }
  assert.ok(sure >= 12, `${sure}`);
});

test('parameters that let a row overflow are recognised, and other models are not judged', () => {
  const [model, loss] = MODELS[3]!;
  const isSure = overflowBoundsOf(model, { loss, rowsPerUnit: 1, largestSquare: 2 ** 100 })!;
  for (const largest of [1e20, 3e38, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.equal(isSure(model.parameters.map(() => largest)), false);
  }
  const { bytes } = buildOperatorModel(OPERATOR_CASES.Softmax!, { seed: 1, rows: 1 });
  const other = readForwardModel(bytes);
  assert.equal(overflowBoundsOf(other, { loss, rowsPerUnit: 1, largestSquare: 2 ** 100 }), undefined);
});
