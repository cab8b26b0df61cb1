import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { optimizerRuleOf } from '../optimizer-rule.ts';
import { ShardSums } from '../tiled-sums.ts';
import type { TrainingPlan } from '../training-plan.ts';
import { meanPerStep, releaseMean } from '../training-steps.ts';
import { MoveLoop } from './move-loop.ts';
import { createStepMemory, fitsStepMemory, type StepMemory } from './step-memory.ts';

const latticePerUnit = 2 ** 20 / 0.7;
const plan: TrainingPlan = {
  clipNormL2: 0.7,
  noiseMultiplier: 1,
  samplingRate: 0.1,
  steps: 4,
  bandSize: 900,
  rowsPerUnit: 1,
  learningRate: 0.3,
  weightDecay: 0.01,
  schedule: { kind: 'cosine' },
};
/** No multiple of what the loop takes at once. */
const COUNT = 1237;

function fill(memory: StepMemory, seed: number): void {
  const next = testNumbers(seed);
  for (const sum of memory.sums) sum.set(sum.map(() => next() * 10 ** (next() * 6)));
  for (const noise of memory.noise) noise.set(noise.map(() => Math.round(next() * 2 ** 22)));
}

type Break = (memory: StepMemory) => void;

/** Whether parameters, their floats and velocity are the same to the bit after steps by the loop and by the rule. */
function isSame(momentum: number, breakBefore: Break = () => undefined): boolean {
  const memory = createStepMemory(COUNT, momentum > 0);
  const { parameters, rounded, sums, noise } = memory;
  const next = testNumbers(3);
  parameters.set(parameters.map(() => next()));
  const expected = parameters.slice();
  const own = optimizerRuleOf({ ...plan, momentum }, COUNT);
  const moving = optimizerRuleOf({ ...plan, momentum }, COUNT, undefined, memory);
  const release = releaseMean(plan, () => latticePerUnit);
  const loop = new MoveLoop(memory);
  for (let step = 1; step <= plan.steps; step++) {
    const bufferIndex = step % noise.length;
    fill(memory, step);
    for (const rule of [own, moving]) rule.startStep(step, 1);
    const sum = new ShardSums(sums).subarray(0, COUNT);
    own.apply(expected, release({ sum, noise: noise[bufferIndex]! }), 0, COUNT);
    breakBefore(memory);
    loop.setRates({ ...moving.descent!(), latticePerUnit, meanPerStep: meanPerStep(plan, latticePerUnit) });
    for (const [first, end] of [
      [640, COUNT],
      [0, 640],
    ] as const) {
      loop.move(noise[bufferIndex]!.subarray(first), first, end);
    }
  }
  const velocities = [own, moving].map((rule) => {
    const state = rule.state();
    assert.ok(state.kind === 'sgd');
    return state.velocity;
  });
  const pairs = [[expected, parameters], [Float32Array.from(expected), rounded], velocities];
  return pairs.every(
    ([one, other]) => one!.length === COUNT && one!.every((value, i) => value === other![i]),
  );
}

test('a step in one loop is that of release and rule, to the bit, with momentum and without', () => {
  for (const momentum of [0, 0.9]) assert.ok(isSame(momentum));
});

test('the same test catches noise that is left out, a shard that is, and what the last step left', () => {
  for (const momentum of [0, 0.9]) {
    assert.ok(!isSame(momentum, ({ noise }) => noise[0]!.fill(0)));
    assert.ok(!isSame(momentum, ({ noise }) => noise[1]!.fill(1)));
    assert.ok(!isSame(momentum, ({ sums }) => sums[1]!.fill(0)));
    assert.ok(!isSame(momentum, ({ parameters }) => parameters.fill(0, COUNT - 1)));
  }
  assert.ok(!isSame(0.9, ({ velocity }) => velocity.fill(0, 0, 1)));
});

test('a rule whose momentum the memory does not keep is taken step by step', () => {
  const memory = createStepMemory(8, false);
  assert.equal(optimizerRuleOf({ ...plan, momentum: 0.5 }, 8, undefined, memory).descent, undefined);
  const adam = { ...plan, optimizer: { kind: 'adam' } } as const;
  assert.equal(optimizerRuleOf(adam, 8, undefined, memory).descent, undefined);
  assert.throws(() =>
    new MoveLoop(memory).setRates({ rate: 1, kept: 1, momentum: 0.5, latticePerUnit, meanPerStep: 1 }),
  );
});

test('a memory keeps a velocity that a study goes on from, and starts another without', () => {
  const memory = createStepMemory(3, true);
  const withMomentum = { ...plan, momentum: 0.5 };
  const velocity = Float64Array.of(1, 2, 3);
  const state = optimizerRuleOf(withMomentum, 3, { kind: 'sgd', velocity }, memory).state();
  assert.deepEqual(state, { kind: 'sgd', velocity });
  assert.deepEqual([...memory.velocity], [1, 2, 3]);
  optimizerRuleOf(withMomentum, 3, undefined, memory);
  assert.deepEqual([...memory.velocity], [0, 0, 0]);
});

test('models whose values outgrow the addresses of one memory are taken step by step', () => {
  assert.ok(fitsStepMemory(2 ** 24) && !fitsStepMemory(2 ** 25));
});
