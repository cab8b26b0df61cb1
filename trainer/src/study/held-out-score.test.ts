import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scoreSigma } from '@consilium/domain';
import { seededRandomness } from '@consilium/dp-sgd/testing/seeded-randomness';
import fc from 'fast-check';
import {
  type Counts,
  countClasses,
  countJudgements,
  noiseAll,
  noiseCounts,
  noisedAccuracy,
} from './held-out-score.ts';

type Unit = readonly { readonly label: number; readonly judged: number }[];
type Count = (units: readonly Unit[]) => readonly number[];

const labelsOf = (units: readonly Unit[]) => units.map((rows) => rows.map(({ label }) => label));
const count: Count = (units) => {
  const { right, wrong } = countJudgements(
    labelsOf(units),
    units.flat().map(({ judged }) => judged),
  );
  return [right, wrong];
};

/** How far counts move at most, in L2 norm, when one unit is added at any place: fails where it is more than 1. */
const checkSensitivity = (counts: Count) => {
  const row = fc.record({ label: fc.nat(2), judged: fc.integer({ min: -1, max: 2 }) });
  const unit = fc.array(row, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 20 }), unit, fc.nat(), (units, added, place) => {
      const at = place % (units.length + 1);
      const before = counts(units);
      const after = counts([...units.slice(0, at), added, ...units.slice(at)]);
      const moved = after.map((own, i) => own - before[i]!);
      assert.ok(moved.every(Number.isInteger));
      assert.ok(Math.hypot(...moved) <= 1, `moved by ${moved}`);
    }),
    { seed: 7 },
  );
};

describe('the score on held-out patients', () => {
  it('counts a patient once, as right if more than half of the rows are, else as wrong', () => {
    const units = [[1], [0], [1, 1, 0], [1, 0]];
    const classes = [1, 1, 1, 0, 0, 1, 1];
    // Right; wrong; two of three; one of two, which is not more than half.
    assert.deepEqual(countJudgements(units, classes), { right: 2, wrong: 2 });
  });

  it('takes what was not judged as wrong, and knows any number of classes', () => {
    assert.deepEqual(countJudgements([[2], [0], [1], [0]], [2, -1, -1, 0]), { right: 2, wrong: 2 });
    assert.deepEqual(countJudgements([], []), { right: 0, wrong: 0 });
  });

  it('counts a patient in the class of more than half of the rows, or in none', () => {
    const units = [[2], [0, 0, 1], [1, 2], [2, 2]];
    assert.deepEqual(countClasses(units, 3), [1, 0, 2, 1]);
    assert.deepEqual(countClasses([...units, [1]], 3), [1, 1, 2, 1]);
  });

  it('moves by 1 when one patient is added, whatever the rows and the others are', () => {
    checkSensitivity(count);
    checkSensitivity((units) => countClasses(labelsOf(units), 3));
  });

  it('would not with counts that overlap, or of rows, or where a tie counts half', () => {
    const mutants: readonly Count[] = [
      (units) => {
        const [right = 0, wrong = 0] = count(units);
        return [right, right + wrong];
      },
      (units) => {
        const rows = units.flat();
        const right = rows.filter(({ label, judged }) => label === judged).length;
        return [right, rows.length - right];
      },
      (units) => {
        const [right = 0, wrong = 0] = count(units);
        const ties = units.filter(
          (rows) => 2 * rows.filter(({ label, judged }) => label === judged).length === rows.length,
        );
        return [right + ties.length, wrong];
      },
      (units) => {
        const all = countClasses(labelsOf(units), 3);
        return [...all, units.length];
      },
    ];
    mutants.forEach((mutant, i) => {
      // The third counts ties on both sides, which one patient moves by (1, 1).
      assert.throws(() => checkSensitivity(mutant), /Property failed/, `mutant ${i}`);
    });
  });

  it('moves by √2 where a patient is replaced, so that the guarantee is for adding or removing one', () => {
    const right: Unit = [{ label: 1, judged: 1 }];
    const wrong: Unit = [{ label: 1, judged: 0 }];
    const [before, after] = [count([right]), count([wrong])];
    assert.equal(Math.hypot(...after.map((own, i) => own - before[i]!)), Math.SQRT2);
  });

  const pairs = (noise: readonly number[]): Counts[] =>
    Array.from({ length: noise.length / 2 }, (_, i) => ({ right: noise[2 * i]!, wrong: noise[2 * i + 1]! }));
  /** Whether variances and the covariance are within six standard errors of a deviation's. */
  const isOfDeviation = (sigma: number, noise: readonly Counts[]) => {
    const mean = (of: (c: Counts) => number) => noise.reduce((sum, c) => sum + of(c), 0) / noise.length;
    const [square, tolerance] = [sigma ** 2, 6 * Math.sqrt(2 / noise.length) * sigma ** 2];
    return [
      mean((c) => c.right ** 2) - square,
      mean((c) => c.wrong ** 2) - square,
      mean((c) => c.right * c.wrong),
    ].every((off) => Math.abs(off) < tolerance);
  };
  const zeros = new Array<number>(8000).fill(0);

  it('noises both counts independently, with the deviation that the ledger reads them with', () => {
    for (const noiseMultiplier of ['3', '4.2', '10']) {
      const randomness = seededRandomness(`score ${noiseMultiplier}`);
      const one = () => noiseCounts({ right: 0, wrong: 0 }, noiseMultiplier, randomness);
      const sigma = scoreSigma(noiseMultiplier, 'right-wrong');
      assert.ok(isOfDeviation(sigma, Array.from({ length: 400 }, one)));
      assert.ok(isOfDeviation(sigma, pairs(noiseAll(zeros, noiseMultiplier, randomness))));
    }
  });

  it('would be found out with noise of z/√2, of √2 z, or with one draw for both', () => {
    const randomness = seededRandomness('mutant');
    const of = (z: string) => pairs(noiseAll(zeros, z, randomness));
    assert.ok(isOfDeviation(20, of('20')));
    assert.ok(!isOfDeviation(20, of('14')));
    assert.ok(!isOfDeviation(20, of('28')));
    const twice = of('20').map(({ right }) => ({ right, wrong: right }));
    assert.ok(!isOfDeviation(20, twice));
  });

  it('measures accuracy 1.5 to 2.5 times as exactly as right and all do for the same charge', () => {
    const units = 200;
    const randomness = seededRandomness('precision');
    const sigma = { now: scoreSigma('10', 'right-wrong'), before: scoreSigma('10', 'right-all') };
    const now = pairs(noiseAll(zeros, String(sigma.now), randomness));
    const before = pairs(noiseAll(zeros, String(sigma.before), randomness));
    for (const accuracy of [0.5, 0.8, 0.9]) {
      const right = Math.round(accuracy * units);
      const error = (estimates: readonly number[]) =>
        Math.sqrt(estimates.reduce((sum, own) => sum + (own - accuracy) ** 2, 0) / estimates.length);
      const nowError = error(
        now.map((noise) =>
          noisedAccuracy([{ right: right + noise.right, wrong: units - right + noise.wrong }]),
        ),
      );
      const beforeError = error(
        before.map(({ right: one, wrong: other }) =>
          Math.min(1, Math.max(0, (right + one) / Math.max(1, units + other))),
        ),
      );
      const ratio = beforeError / nowError;
      assert.ok(ratio > 1.5 && ratio < 2.5, `${accuracy}: ${beforeError} and ${nowError}`);
    }
  });

  it('makes an accuracy of any noised counts', () => {
    assert.equal(noisedAccuracy([{ right: 8, wrong: 2 }]), 0.8);
    const two = [
      { right: 8, wrong: 2 },
      { right: 1, wrong: 9 },
    ];
    assert.equal(noisedAccuracy(two), 0.45);
    assert.equal(noisedAccuracy([{ right: -3, wrong: 13 }]), 0);
    assert.equal(noisedAccuracy([{ right: 30, wrong: -20 }]), 1);
    assert.equal(noisedAccuracy([{ right: 2, wrong: -20 }]), 1);
    assert.equal(noisedAccuracy([{ right: -2, wrong: -10 }]), 0, 'nothing known is not accepted');
    assert.equal(noisedAccuracy([]), 0);
  });
});
