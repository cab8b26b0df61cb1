import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countClasses, countCorrect, noiseCounts, noisedAccuracy, scoreSigma } from './held-out-score.ts';

describe('the score on held-out patients', () => {
  it('counts a patient once, rightly judged if more than half of the rows are', () => {
    const units = [[1], [0], [1, 1, 0], [1, 0]];
    const classes = [1, 1, 1, 0, 0, 1, 1];
    // Right; wrong; two of three; one of two, which is not more than half.
    assert.deepEqual(countCorrect(units, classes), { correct: 2, total: 4 });
  });

  it('takes what was not judged as wrong, and knows any number of classes', () => {
    assert.deepEqual(countCorrect([[2], [0], [1], [0]], [2, -1, -1, 0]), { correct: 2, total: 4 });
  });

  it('counts a patient in the class of more than half of the rows, or in none', () => {
    const units = [[2], [0, 0, 1], [1, 2], [2, 2]];
    assert.deepEqual(countClasses(units, 3), { counts: [1, 0, 2], total: 4 });
    const added = countClasses([...units, [1]], 3);
    assert.deepEqual(added, { counts: [1, 1, 2], total: 5 });
  });

  it('moves by at most √2 when one patient is added, whatever the others are', () => {
    const row = fc.record({ label: fc.nat(2), judged: fc.integer({ min: -1, max: 2 }) });
    const unit = fc.array(row, { minLength: 1, maxLength: 5 });
    const count = (units: readonly { label: number; judged: number }[][]) =>
      countCorrect(
        units.map((rows) => rows.map(({ label }) => label)),
        units.flat().map(({ judged }) => judged),
      );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), unit, fc.nat(), (units, added, place) => {
        const at = place % (units.length + 1);
        const before = count(units);
        const after = count([...units.slice(0, at), added, ...units.slice(at)]);
        assert.equal(after.total - before.total, 1);
        assert.ok([0, 1].includes(after.correct - before.correct));
        const labels = (all: typeof units) => all.map((rows) => rows.map(({ label }) => label));
        const [without, withIt] = [labels(units), labels([...units, added])].map((all) =>
          countClasses(all, 3),
        );
        const moved = withIt!.counts.map((own, index) => own - without!.counts[index]!);
        assert.ok(Math.hypot(...moved, withIt!.total - without!.total) <= Math.SQRT2 + 1e-12);
      }),
    );
  });

  it('has noise of at least the plan, scaled by √2, as an integer', () => {
    assert.equal(scoreSigma(1), 2);
    assert.equal(scoreSigma(10), 15);
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1000, noNaN: true }), (multiplier) => {
        const sigma = scoreSigma(multiplier);
        assert.ok(Number.isInteger(sigma) && sigma >= multiplier * Math.SQRT2);
        // Of variance 1/12 more, as a rounded Gaussian has it, and the next integer.
        assert.ok(sigma < Math.hypot(multiplier * Math.SQRT2, Math.sqrt(1 / 12)) + 1 + 1e-9);
      }),
    );
  });

  it('noises both counts independently, with about the variance that it claims', () => {
    const [n, sigma] = [4000, scoreSigma(3)];
    const noise = Array.from({ length: n }, () => noiseCounts({ correct: 0, total: 0 }, 3));
    const mean = (of: (c: { correct: number; total: number }) => number) =>
      noise.reduce((sum, c) => sum + of(c), 0) / n;
    // Six standard errors of a variance and of a correlation: a wrong scale is far outside.
    const tolerance = 6 * Math.sqrt(2 / n);
    for (const of of ['correct', 'total'] as const) {
      assert.ok(Math.abs(mean((c) => c[of] ** 2) / sigma ** 2 - 1) < tolerance);
    }
    assert.ok(Math.abs(mean((c) => c.correct * c.total)) / sigma ** 2 < tolerance);
  });

  it('makes an accuracy of any noised counts', () => {
    assert.equal(noisedAccuracy([{ correct: 8, total: 10 }]), 0.8);
    assert.equal(
      noisedAccuracy([
        { correct: 8, total: 10 },
        { correct: 1, total: 10 },
      ]),
      0.45,
    );
    assert.equal(noisedAccuracy([{ correct: -3, total: 10 }]), 0);
    assert.equal(noisedAccuracy([{ correct: 30, total: 10 }]), 1);
    assert.equal(noisedAccuracy([{ correct: -2, total: -10 }]), 0);
    assert.equal(noisedAccuracy([]), 0);
  });
});
