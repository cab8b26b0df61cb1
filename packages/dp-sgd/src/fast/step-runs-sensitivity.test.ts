// One patient moves the integers of a step by no more than the bound, whichever way either world takes the step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import type { ModelProto } from '@consilium/onnx-grad/testing/graph-parts';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import type { TrainingPlan } from '../training-plan.ts';
import type { LabelledRow } from '../training-units.ts';
import { bodyOf, rewire, takeSteps, type Way } from './testing/steps-both-ways.ts';

const features = 20;
const plan: TrainingPlan = {
  clipNormL2: 5,
  noiseMultiplier: 1.5,
  samplingRate: 0.5,
  steps: 1,
  bandSize: 60,
  rowsPerUnit: 1,
  learningRate: 1,
  stepsPerRun: 2,
};
const next = testNumbers(7);
const rowOf = (scale: number, label: number): LabelledRow => ({
  features: Array.from({ length: features }, () => Math.fround(next() * scale)),
  label,
});
const opposite = (row: LabelledRow): LabelledRow => ({ ...row, label: 1 - row.label });
const extreme = rowOf(1e6, 1);
const moderate = Array.from({ length: 30 }, (_, i) => [rowOf(i % 3 === 0 ? 9 : 1, i % 2)]);
const WORLDS: readonly { readonly others: LabelledRow[][]; readonly one: LabelledRow[] }[] = [
  { others: [], one: [extreme] },
  { others: moderate, one: [extreme] },
  { others: moderate, one: [opposite(extreme)] },
  { others: [[extreme]], one: [opposite(extreme)] },
  { others: moderate, one: [] },
  { others: moderate, one: [{ features: new Array<number>(features).fill(Number.NaN), label: 1 }] },
  { others: moderate, one: [{ features: new Array<number>(features).fill(3e38), label: 0 }] },
  { others: moderate, one: [{ features: new Array<number>(features).fill(1e-30), label: 0 }] },
];
const MODELS = {
  'logistic regression': buildForwardModel({ kind: 'logistic-regression', features, localIntercept: true }),
  'a perceptron': buildForwardModel({
    kind: 'multilayer-perceptron',
    features,
    hidden: [8],
    localIntercept: false,
  }),
};

/** How far the release moves, in multiples of Δ, at parameters away from 0. */
async function movement(
  model: Uint8Array,
  world: (typeof WORLDS)[number],
  options: {
    readonly ways: readonly [Way, Way];
    readonly isFloat?: boolean;
    readonly mutate?: (model: ModelProto) => void;
  },
): Promise<number> {
  const { ways, isFloat = false, mutate } = options;
  const start = readForwardModel(model).values.map((value, i) => value + 0.01 * ((i % 7) - 3));
  const release = (rows: LabelledRow[][], way: Way) => {
    const batchOf = () => rows.map((_, unit) => unit);
    const given = {
      ...{ model, rows, plan, start, batchOf, isNoiseless: true },
      ...(isFloat && { floatFrom: 1 }),
    };
    return takeSteps(mutate === undefined ? given : { ...given, mutate }, way);
  };
  const { one, others } = world;
  // First in the batch, so that the index of every other patient changes as well; in float, the last one takes its
  // index.
  const paired = isFloat && others.length > 0 ? [others.at(-1)!, ...others.slice(0, -1)] : others;
  const without = await release(paired, ways[0]);
  const present = await release([one, ...others], ways[1]);
  const distance = Math.hypot(...without.parameters.map((value, i) => value - present.parameters[i]!));
  return distance / (plan.learningRate * without.latticeStep * without.sensitivity);
}

const WAYS: readonly (readonly [Way, Way])[] = [
  ['together', 'together'],
  ['together', 'one by one'],
  ['one by one', 'together'],
];
for (const [name, model] of Object.entries(MODELS)) {
  test(`no patient moves the integers by more than the bound, whichever way they are computed: ${name}`, async () => {
    for (const world of WORLDS) {
      for (const ways of WAYS) {
        const moved = await movement(model, world, { ways });
        assert.ok(moved <= 1, `${moved} times the bound, ${ways.join(' and ')}`);
      }
    }
  });
}

test('the same holds of paired orders where sums are in float', async () => {
  for (const world of WORLDS) {
    for (const ways of WAYS) {
      const moved = await movement(MODELS['a perceptron'], world, { ways, isFloat: true });
      assert.ok(moved <= 1, `${moved} times the bound, ${ways.join(' and ')}`);
    }
  }
});

test('the bound is sharp: an extreme patient reaches it, and goes beyond where clipping is left out', async () => {
  const unclipped = (decoded: ModelProto) => {
    for (const opType of ['Max', 'Min']) {
      rewire(bodyOf(decoded), opType, ([residual]) => [residual!, residual!]);
    }
  };
  // Of both labels one is wrong, and pulls.
  const furthest = async (mutate?: (model: ModelProto) => void) => {
    const moved = [extreme, opposite(extreme)].map((one) =>
      movement(
        MODELS['logistic regression'],
        { others: [], one: [one] },
        { ways: WAYS[0]!, ...(mutate && { mutate }) },
      ),
    );
    return Math.max(...(await Promise.all(moved)));
  };
  assert.ok((await furthest()) > 0.99);
  assert.ok((await furthest(unclipped)) > 1);
});
