import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { scoreSigma } from '@consilium/domain';
import { epsilonByPld } from '@consilium/dp-accountant';
import { epsilonOfPlan, noiseFor } from './privacy-plan.ts';

/** Σ (P - e^ε Q)₊ for sums of `releases` counts that a unit moves by 1: what δ is at least, exactly. */
function deltaOfScores(sigma: number, { releases, epsilon }: { releases: number; epsilon: number }): number {
  // The losses of all the releases follow from the sum of as many discrete Gaussians, each moved by 1.
  const reach = 14 * sigma;
  const one = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = one.reduce((sum, mass) => sum + mass, 0);
  let law = [1];
  for (let i = 0; i < releases; i++) {
    const next = new Array<number>(law.length + 2 * reach).fill(0);
    law.forEach((mass, a) => {
      if (mass > 1e-30) {
        one.forEach((other, b) => {
          next[a + b]! += (mass * other) / total;
        });
      }
    });
    law = next;
  }
  const middle = (law.length - 1) / 2;
  return law.reduce((sum, mass, i) => {
    const loss = (2 * (i - middle) - releases) / (2 * sigma * sigma);
    // Under Q the sum is at i; under P, each count moved by 1, its mass is e^loss times that.
    return sum + Math.max(0, mass * (Math.exp(loss) - Math.exp(epsilon)));
  }, 0);
}

test('what a plan says of noised scores holds for the discrete noise itself, exactly summed, and is close', () => {
  const delta = 1e-5;
  for (const [noiseMultiplier, releases] of [
    [1, 1],
    [1, 3],
    [2, 6],
    [3, 2],
    [8, 1],
    [10, 6],
  ] as const) {
    const plan = { noiseMultiplier, samplingRate: 1, steps: releases };
    const { epsilonPld } = epsilonOfPlan(plan, { delta, pool: 'held-out' });
    const sigma = scoreSigma(String(noiseMultiplier), 'right-wrong');
    assert.ok(deltaOfScores(sigma, { releases, epsilon: epsilonPld }) <= delta, JSON.stringify(plan));
    const less = deltaOfScores(sigma, { releases, epsilon: epsilonPld * 0.9 });
    assert.ok(noiseMultiplier === 1 || less > delta, `close: ${JSON.stringify(plan)}`);
  }
});

test('the Gaussian’s own ε would not hold for discrete noise', () => {
  const epsilon = epsilonByPld([{ noiseMultiplier: 1, samplingRate: 1, steps: 1 }], 1e-5);
  assert.ok(deltaOfScores(1, { releases: 1, epsilon }) > 1e-5);
});

test('for training the discreteness costs less than a millionth of ε', () => {
  const plan = { noiseMultiplier: 1, samplingRate: 0.01, steps: 1000 };
  const { epsilonPld, epsilonRdp } = epsilonOfPlan(plan, { delta: 1e-5, pool: 'training' });
  const gaussian = epsilonByPld([plan], 1e-5);
  assert.ok(epsilonPld > gaussian && epsilonPld < gaussian * (1 + 1e-6));
  assert.ok(epsilonPld < epsilonRdp);
});

test('noise is found for a target, by the Rényi bound where ε is large', () => {
  for (const [targetEpsilon, samplingRate] of [
    [1, 0.05],
    [8, 1],
    [60, 0.2],
  ] as const) {
    const plan = { samplingRate, steps: 20 };
    const noiseMultiplier = noiseFor({ ...plan, targetEpsilon, delta: 1e-6 });
    const cost = (noise: number) =>
      epsilonOfPlan({ ...plan, noiseMultiplier: noise }, { delta: 1e-6, pool: 'training' }).epsilonPld;
    assert.ok(cost(noiseMultiplier) <= targetEpsilon);
    assert.ok(
      cost(noiseMultiplier * 0.98 - 1e-4) > targetEpsilon,
      `${targetEpsilon}: not much more than it takes`,
    );
  }
});
