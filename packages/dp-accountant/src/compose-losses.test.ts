import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ComposedLosses } from './compose-losses.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { composePlainly, deltaPlainly, epsilonPlainly, mirror } from './testing/plain-accountant.ts';

const STEPS = 4;
const pair = new SampledGaussianLosses({
  noiseMultiplier: 1.2,
  samplingRate: 0.25,
  tailMass: 1e-14,
}).discretise(0.02);
const remove = composePlainly(pair, STEPS);
const PLAIN = { remove, add: mirror(remove, STEPS * pair.infinityAdd) };
const DIRECTIONS = ['remove', 'add'] as const;

const composed = (direction: 'remove' | 'add', plan: { theta: number; length?: number; logMass?: number }) =>
  new ComposedLosses([{ pair, steps: STEPS }], {
    direction,
    theta: plan.theta,
    top: { theta: 3, logMass: plan.logMass ?? -40 },
    least: -20,
    length: plan.length ?? 2048,
  });

test('at any tilt δ and ε are those of direct convolution, a little above and never below', () => {
  for (const direction of DIRECTIONS) {
    for (const theta of [0, 0.5, 3, 8]) {
      const losses = composed(direction, { theta });
      for (const epsilon of [0, 0.3, 1, 2.51, 4]) {
        const exact = deltaPlainly(PLAIN[direction], epsilon);
        const { delta } = losses.deltaOf(epsilon)!;
        assert.ok(delta >= exact, `${direction} θ ${theta} ε ${epsilon}: ${delta} below ${exact}`);
        if (exact > 1e-11 && theta < 8) assert.ok(delta < exact * (1 + 1e-3) + 1e-13, `${delta} ${exact}`);
      }
      for (const delta of [0.1, 1e-3, 1e-6]) {
        const exact = epsilonPlainly(PLAIN[direction], delta);
        const { epsilon } = losses.epsilonOf(delta)!;
        assert.ok(epsilon >= exact * (1 - 1e-12), `${direction} θ ${theta} δ ${delta}: ${epsilon}, ${exact}`);
        if (theta < 8) assert.ok(epsilon < exact * (1 + 1e-6) + 1e-9, `${epsilon} ${exact}`);
      }
    }
  }
});

test('what is cut off above is charged: a low top costs more, never less', () => {
  for (const direction of DIRECTIONS) {
    const exact = deltaPlainly(PLAIN[direction], 1);
    let last = exact;
    for (const logMass of [-30, -15, -8, -5]) {
      const { delta } = composed(direction, { theta: 2, logMass }).deltaOf(1)!;
      assert.ok(delta >= last * (1 - 1e-9), `${logMass}: ${delta}`);
      last = delta;
    }
    assert.ok(last > exact);
  }
});

test('a window that is too short only adds: wrapping round cannot make δ smaller', () => {
  for (const direction of DIRECTIONS) {
    for (const length of [64, 128, 512]) {
      const losses = new ComposedLosses([{ pair, steps: STEPS }], {
        direction,
        theta: 2,
        top: { theta: 3, logMass: -30 },
        least: 100,
        length,
      });
      for (const epsilon of [1, 2, 4]) {
        const found = losses.deltaOf(epsilon);
        if (found) assert.ok(found.delta >= deltaPlainly(PLAIN[direction], epsilon));
      }
    }
  }
});

test('an ε below the window is not made up', () => {
  const losses = new ComposedLosses([{ pair, steps: STEPS }], {
    direction: 'remove',
    theta: 2,
    top: { theta: 3, logMass: -30 },
    least: 100,
    length: 64,
  });
  assert.equal(losses.deltaOf(0), undefined);
  assert.equal(losses.epsilonOf(0.3), undefined);
});

test('δ below what is at infinity has no ε', () => {
  assert.equal(composed('remove', { theta: 2 }).epsilonOf(1e-20)!.epsilon, Number.POSITIVE_INFINITY);
});

test('more steps than rounding can be bounded for are refused', () => {
  const plan = {
    direction: 'remove',
    theta: 1,
    top: { theta: 1, logMass: -20 },
    least: 0,
    length: 64,
  } as const;
  assert.throws(() => new ComposedLosses([{ pair, steps: 1e13 }], plan), /too many/);
});
