// One held-out patient more or less moves the counts of a score by what their noise is made for, whatever graph a
// member proposes: the others' answers are the same bits, however many they are and wherever they lie.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predictedClasses, rawOutputs, readForwardModel } from '@consilium/onnx-grad';
import { floatTensor, int64Tensor, probeNumbers } from '@consilium/onnx-grad/testing/graph-parts';
import { type TinyNode, tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { countJudgements } from './held-out-score.ts';
import { StudyModel } from './study-model.ts';

const FEATURES = 5;
const scalar = (name: string, value: number) => floatTensor({ name, shape: [] }, [value]);

/** A graph that makes the last bit of a value the sign of its logit. */
const lastBitOf = (nodes: readonly TinyNode[], threshold: number): Uint8Array =>
  tinyModel(
    {
      features: FEATURES,
      weights: { w: [FEATURES, 1] },
      nodes: [
        ...nodes,
        { op: 'Sub', from: ['a', 'threshold'], to: 'b' },
        { op: 'Mul', from: ['b', 'large'], to: 'logit' },
      ],
      extra: [scalar('threshold', threshold), scalar('large', 1e30)],
    },
    3,
  );
const product: TinyNode = { op: 'MatMul', from: ['x', 'w'], to: 'h' };
/** Is there a patient aged 97? An integer division by zero used to say so by failing. */
const isAged: Uint8Array = tinyModel({
  features: FEATURES,
  weights: { w: [FEATURES, 1] },
  nodes: [
    product,
    { op: 'Slice', from: ['x', 'zero', 'one', 'one'], to: 'age' },
    { op: 'Cast', from: ['age'], to: 'years', attributes: { to: 7 } },
    { op: 'Sub', from: ['years', 'wanted'], to: 'apart' },
    { op: 'Div', from: ['years', 'apart'], to: 'q' },
    { op: 'Cast', from: ['q'], to: 'f', attributes: { to: 1 } },
    { op: 'Add', from: ['h', 'f'], to: 'logit' },
  ],
  extra: [int64Tensor('zero', [0]), int64Tensor('one', [1]), int64Tensor('wanted', [97])],
});

function studyModel(graph: Uint8Array): Promise<StudyModel> {
  const { parameterCount: parameters } = readForwardModel(graph);
  return StudyModel.read(graph, { inputs: FEATURES, parameters, localParameters: [] });
}

const next = probeNumbers(8);
const ordinary = Array.from({ length: 70 }, () => Array.from({ length: FEATURES }, next));
const patients = [
  [97, 1, 1, 1, 1],
  [-(2 ** 31), 0, 0, 0, 0],
  new Array<number>(FEATURES).fill(Number.NaN),
  new Array<number>(FEATURES).fill(3e38),
];

async function logitsOf(model: StudyModel, rows: readonly (readonly number[])[]): Promise<Float64Array> {
  return (await rawOutputs(await model.onnx(model.initial), Float32Array.from(rows.flat()))).values;
}

/** The median of a value over ordinary patients, which some of them then lie next to. */
async function thresholdOf(nodes: readonly TinyNode[]): Promise<number> {
  const plain = await studyModel(lastBitOf(nodes, 0));
  const values = (await logitsOf(plain, ordinary)).map((value) => Math.fround(value / 1e30)).sort();
  return values[values.length >> 1]!;
}

const GRAPHS: Readonly<Record<string, () => Promise<Uint8Array>>> = Object.fromEntries([
  ...['Softplus', 'Elu', 'Log', 'Tanh', 'Sigmoid'].map((op) => {
    const nodes = [product, { op, from: ['h'], to: 'a' }];
    return [`the last bit of ${op}`, async () => lastBitOf(nodes, await thresholdOf(nodes))];
  }),
  [
    'the last bit of a product',
    async () => {
      const nodes = [{ ...product, to: 'a' }];
      return lastBitOf(nodes, await thresholdOf(nodes));
    },
  ],
  ['a division by a patient’s age less 97', async () => isAged],
]);

for (const [name, graphOf] of Object.entries(GRAPHS)) {
  test(`no patient moves a score by more than herself: ${name}`, async () => {
    const model = await studyModel(await graphOf());
    for (const count of [1, 3, 63, 64]) {
      const others = ordinary.slice(0, count);
      const without = await logitsOf(model, others);
      for (const one of [...patients, ordinary[69]!]) {
        for (const place of [0, count]) {
          const present = await logitsOf(model, others.toSpliced(place, 0, one));
          const ofOthers = present.filter((_, i) => i !== place);
          assert.deepEqual(ofOthers, without, `${count} others, the patient at ${place}`);
          const units = (rows: number) => Array.from({ length: rows }, (_, i) => [i % 2]);
          const [before, after] = [
            countJudgements(units(count), predictedClasses({ values: without, width: 1 })),
            countJudgements(
              units(count).toSpliced(place, 0, [1]),
              predictedClasses({ values: present, width: 1 }),
            ),
          ];
          const moved = [after.right - before.right, after.wrong - before.wrong];
          assert.deepEqual(moved.toSorted(), [0, 1]);
        }
      }
    }
  });
}

test('a study’s model scores by the same lowering', async () => {
  const model = await studyModel(isAged);
  const rows = [...patients, ...ordinary];
  const outputs = await model.outputs(model.initial, Float32Array.from(rows.flat()));
  assert.deepEqual(outputs.values, await logitsOf(model, rows));
});
