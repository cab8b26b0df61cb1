import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { peerModel } from './peer-models.ts';
import { buildPlainStepGraph } from './plain-step-graph.ts';
import { runStep } from './run-step.ts';

for (const name of ['lr13', 'mlp30', 'cnn28']) {
  test(`the step of ${name} without privacy sums what the private one does where nothing is clipped`, async () => {
    const { bytes, next } = peerModel(name, 3);
    const model = readForwardModel(bytes);
    const options = { capacityUnits: 5, rowsPerUnit: 1, loss: { kind: 'binary-cross-entropy' } } as const;
    const loss = model.outputs === 1 ? options.loss : ({ kind: 'categorical-cross-entropy' } as const);
    const units = Array.from({ length: 4 }, (_, unit) => [
      { features: Array.from({ length: model.features }, () => next()), label: unit % 2 },
    ]);
    const run = { parameters: Float32Array.from(model.values), units };
    const plain = await runStep(buildPlainStepGraph(model, { ...options, loss }), run);
    const own = await runStep(buildStepGraph(model, { ...options, loss, clipNormL2: 1e6 }), run);
    const [a, b] = [plain.clippedSum!.data, own.clippedSum!.data];
    const scale = Math.hypot(...b);
    assert.ok(scale > 0);
    assert.ok(Math.hypot(...a.map((value, i) => value - b[i]!)) < 1e-5 * scale);
    assert.ok(plain.squares!.data.every((square) => square === 0));
  });
}
