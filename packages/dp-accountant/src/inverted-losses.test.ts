import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Inversion, InvertedLosses } from './inverted-losses.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { deltaOfRelease, epsilonOfRelease } from './single-release.ts';
import { composePlainly, deltaPlainly, mirror } from './testing/plain-accountant.ts';
import { TiltedStep } from './tilted-step.ts';

/** One Gaussian release of noise multiplier 1, whose δ is known exactly. */
const GAUSSIAN: Inversion = {
  theta: 4,
  parts: [],
  gaussian: 0.5,
  spacing: 2 * Math.PI * 0.08,
  count: 20,
  tail: Math.exp(-0.5 * (2 * Math.PI * 0.08 * 20) ** 2),
};
const RELEASE = { noiseMultiplier: 1, samplingRate: 1 };
const EPSILONS = [0, 0.5, 1, 2, 4, 5];
/** Whether a plan bounds δ from above, which is itself rounded up a little; and whether tightly, to a share. */
const sound = (plan: Inversion): boolean =>
  EPSILONS.every(
    (epsilon) =>
      new InvertedLosses(plan).deltaOf(epsilon).delta >= deltaOfRelease(RELEASE, epsilon) * (1 - 1e-9),
  );
const tight = (plan: Inversion, share: number): boolean =>
  EPSILONS.every(
    (epsilon) =>
      new InvertedLosses(plan).deltaOf(epsilon).delta <= deltaOfRelease(RELEASE, epsilon) * (1 + share),
  );

test('a Gaussian release has its exact δ, from above', () => {
  assert.ok(sound(GAUSSIAN));
  assert.ok(tight(GAUSSIAN, 1e-6));
});

test('ε is the smallest with δ(ε) at most δ, from above', () => {
  const losses = new InvertedLosses(GAUSSIAN);
  for (const delta of [0.05, 1e-3, 1e-5, 1e-7]) {
    const exact = epsilonOfRelease(RELEASE, delta);
    const found = losses.epsilonOf(delta, exact + 0.3)!;
    assert.ok(found.epsilon >= exact * (1 - 1e-12) && found.epsilon <= exact * (1 + 1e-6), `${delta}`);
    assert.ok(found.delta <= delta && losses.deltaOf(found.epsilon).delta <= delta);
    const nearby = losses.deltaOf(found.epsilon + 1e-4).delta;
    assert.ok(Math.abs(Math.log(found.delta / nearby) / 1e-4 / found.decay - 1) < 1e-2);
  }
  assert.equal(losses.epsilonOf(0.9, -1)!.epsilon, 0);
  assert.equal(losses.epsilonOf(1e-7, 30), undefined);
});

test('frequencies that are too far apart only add: what wraps round is not negative', () => {
  for (const widening of [2, 4, 8]) {
    const plan = { ...GAUSSIAN, spacing: GAUSSIAN.spacing * widening };
    assert.ok(sound(plan));
    assert.equal(tight(plan, 1e-2), false);
  }
});

test('frequencies left out are charged: fewer of them cost more, and uncharged they are noticed', () => {
  for (const count of [2, 5, 9]) {
    const end = GAUSSIAN.spacing * count;
    const tail = Math.exp(-0.5 * end ** 2) / (Math.PI * end);
    assert.ok(sound({ ...GAUSSIAN, count, tail }));
  }
  assert.equal(sound({ ...GAUSSIAN, count: 2, tail: 0 }), false);
});

const STEP = { noiseMultiplier: 1.2, samplingRate: 0.25 };
const COUNT = 6;
const plainAt = (interval: number, direction: 'remove' | 'add') => {
  const pair = new SampledGaussianLosses({ ...STEP, tailMass: 1e-14 }).discretise(interval);
  const remove = composePlainly(pair, COUNT);
  return direction === 'remove' ? remove : mirror(remove, COUNT * pair.infinityAdd);
};
const PLAIN = { remove: plainAt(0.01, 'remove'), add: plainAt(0.01, 'add') };
const FINER = { remove: plainAt(0.005, 'remove'), add: plainAt(0.005, 'add') };

/** An inversion of one direction's losses. */
interface Directed extends Inversion {
  readonly direction: 'remove' | 'add';
}

function sampledPlan(direction: Directed['direction'], steps = COUNT): Directed {
  const [theta, spacing, count] = [3, 2 * Math.PI * 0.02, 2400];
  const coarse = TiltedStep.of(STEP, { direction, theta })!;
  const highest = spacing * count;
  const tail = Math.exp(steps * coarse.spectralBound()!.logAt(highest)) / (Math.PI * highest);
  const parts = [{ step: coarse.upTo(highest)!, steps }];
  return { direction, theta, parts, gaussian: 0, spacing, count, tail };
}

/** δ by two grids' direct convolutions, whose own excess is of second order in their interval. */
const extrapolated = (direction: 'remove' | 'add', epsilon: number): number =>
  (4 * deltaPlainly(FINER[direction], epsilon) - deltaPlainly(PLAIN[direction], epsilon)) / 3;
/** Adding costs at most −ln(1 − q) a step. */
const COMPARED = { remove: [0.5, 1, 2, 3], add: [0.5, 1] };
const agrees = (plan: Directed): boolean =>
  COMPARED[plan.direction].every((epsilon) => {
    const { delta } = new InvertedLosses(plan).deltaOf(epsilon);
    return Math.abs(delta / extrapolated(plan.direction, epsilon) - 1) < 1e-5;
  });

test('subsampled steps have the δ of direct convolution on ever finer grids, which lies above', () => {
  for (const direction of ['remove', 'add'] as const) {
    const plan = sampledPlan(direction);
    assert.ok(agrees(plan));
    for (const epsilon of COMPARED[direction]) {
      const { delta } = new InvertedLosses(plan).deltaOf(epsilon);
      assert.ok(delta < deltaPlainly(FINER[direction], epsilon));
    }
  }
});

test('what is Gaussian and what is subsampled compose', () => {
  const both = { ...sampledPlan('remove'), gaussian: 0.05 };
  const alone = new InvertedLosses(sampledPlan('remove')).deltaOf(2).delta;
  const composed = new InvertedLosses(both).deltaOf(2).delta;
  assert.ok(composed > alone);
  // Two equal halves are one whole.
  const [part] = sampledPlan('remove').parts;
  const halves = {
    ...both,
    parts: [
      { ...part!, steps: 2 },
      { ...part!, steps: COUNT - 2 },
    ],
  };
  assert.ok(Math.abs(new InvertedLosses(halves).deltaOf(2).delta / composed - 1) < 1e-10);
});

test('wrong inversions are noticed: a step forgotten, the other direction, a tilt that is not its own', () => {
  assert.equal(agrees(sampledPlan('remove', COUNT - 1)), false);
  assert.equal(agrees({ ...sampledPlan('remove'), parts: sampledPlan('add').parts }), false);
  assert.equal(agrees({ ...sampledPlan('remove'), theta: 2.9 }), false);
});
