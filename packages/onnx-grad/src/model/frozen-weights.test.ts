// Weights that a file says are frozen: they stay as they are, and the others train as they did beside them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeModel, encodeModel } from '../format/onnx-schema.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { factorsOf } from '../testing/factors-of.ts';
import { normL2 } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { testNumbers } from '../testing/tiny-models.ts';
import {
  type ForwardModel,
  readForwardModel,
  UnsupportedModelError,
  withFrozen,
  withParameters,
} from './forward-model.ts';

const FIXTURES = new URL('../../../src/testing/fixtures/', import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));
const namesOf = (model: ForwardModel) => model.parameters.map(({ name }) => name);

async function clippedSumOf(model: ForwardModel, clipNormL2: number) {
  const kind = model.outputs === 1 ? 'binary-cross-entropy' : 'categorical-cross-entropy';
  const graph = buildStepGraph(model, { clipNormL2, capacityUnits: 3, rowsPerUnit: 2, loss: { kind } });
  const next = testNumbers(4);
  const row = () => ({
    features: Array.from({ length: model.features }, () => Math.fround(next())),
    label: 1,
  });
  const units = [[row(), row()], [row()]];
  const sumOf = async (some: typeof units) => {
    const { clippedSum } = await runStep(graph, { parameters: model.values, units: some });
    return Array.from(clippedSum!.data);
  };
  return { all: await sumOf(units), one: await sumOf(units.slice(0, 1)) };
}

for (const file of [
  'torch-script-mlp-softmax.onnx',
  'torch-script-cnn.onnx',
  'torch-script-cnn-group-norm.onnx',
  'torch-script-embedding.onnx',
  'torch-dynamo-encoder.onnx',
  'torch-script-mobile.onnx',
  'torch-dynamo-einsum.onnx',
]) {
  test(`${file}: beside frozen weights the others keep their gradients, and have norms of their own`, async () => {
    const bytes = fixture(file);
    const whole = readForwardModel(bytes);
    const frozen = namesOf(whole).filter((_, i) => i % 2 === 0);
    const model = readForwardModel(withFrozen(bytes, frozen));
    assert.deepEqual(
      namesOf(model),
      namesOf(whole).filter((_, i) => i % 2 === 1),
    );
    assert.deepEqual(
      model.frozen.map(({ name }) => name),
      frozen,
    );
    const loose = 1e6;
    const [before, after] = [await clippedSumOf(whole, loose), await clippedSumOf(model, loose)];
    const kept = whole.parameters.flatMap(({ name, offset, size }) =>
      frozen.includes(name) ? [] : before.all.slice(offset, offset + size),
    );
    assert.equal(after.all.length, kept.length);
    assert.ok(normL2(kept) > 0);
    const off = normL2(kept.map((value, i) => value - after.all[i]!));
    assert.ok(off <= 1e-6 * normL2(kept), `off by ${off} of ${normL2(kept)}`);
    const tight = normL2(after.one) / 2;
    const { one } = await clippedSumOf(model, tight);
    assert.ok(Math.abs(normL2(one) / tight - 1) < 1e-6, 'the frozen weights take no part in the norm');
    const written = decodeModel(
      withParameters(
        withFrozen(bytes, frozen),
        model.values.map((value) => value + 1),
      ),
    );
    const original = decodeModel(bytes);
    for (const { name, ...tensor } of written.graph.initializer) {
      const was = original.graph.initializer.find((other) => other.name === name)!;
      assert.equal(
        Buffer.from(tensor.rawData!).equals(Buffer.from(was.rawData!)),
        !namesOf(model).includes(name),
        `${name} is written as it was unless it is trained`,
      );
    }
  });
}

test('a prefix freezes all that begin with it, and a file of frozen weights alone is refused', () => {
  const bytes = fixture('torch-dynamo-encoder.onnx');
  const left = namesOf(readForwardModel(withFrozen(bytes, ['layer.*', 'val_2'])));
  assert.ok(left.includes('last.weight') && !left.some((name) => name.startsWith('layer.')));
  assert.throws(
    () => readForwardModel(withFrozen(bytes, ['layer.*', 'last.*', 'val_*'])),
    (error) => error instanceof UnsupportedModelError && /all of its weights are frozen/.test(error.message),
  );
});

test('metadata that is no list of names is refused', () => {
  const model = decodeModel(fixture('torch-script-mlp.onnx'));
  for (const value of ['layer.*', '[1]', '{}']) {
    const bytes = encodeModel({ ...model, metadataProps: [{ key: 'consilium.frozen', value }] });
    assert.throws(() => readForwardModel(bytes), /metadata consilium\.frozen must be a JSON list/);
  }
});

for (const file of ['torch-script-cnn.onnx', 'torch-dynamo-encoder.onnx', 'torch-script-mlp.onnx']) {
  test(`${file}: beside frozen weights a unit contributes the same bits at every index`, async () => {
    const bytes = fixture(file);
    const frozen = namesOf(readForwardModel(bytes)).filter((_, i) => i % 2 === 1);
    const model = readForwardModel(withFrozen(bytes, frozen));
    const kind = model.outputs === 1 ? 'binary-cross-entropy' : 'categorical-cross-entropy';
    const graph = buildStepGraph(model, { clipNormL2: 1, capacityUnits: 19, rowsPerUnit: 1, loss: { kind } });
    const next = testNumbers(8);
    const unit = () => [
      { features: Array.from({ length: model.features }, () => Math.fround(next() * 2)), label: 1 },
    ];
    const crowd = Array.from({ length: 19 }, unit);
    const probe = unit();
    const run = { parameters: model.values, threads: 2 };
    const alone = (await factorsOf(graph, { ...run, units: [probe] }))(0);
    assert.ok(alone.flat().some((value) => value !== 0));
    for (const index of [1, 4, 10, 18]) {
      const factors = await factorsOf(graph, { ...run, units: crowd.with(index, probe) });
      assert.deepEqual(factors(index), alone, `at index ${index}`);
    }
  });
}
