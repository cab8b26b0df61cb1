import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bernoulliExponential,
  decideExactly,
  ESTIMATE_MARGIN,
  expInterval,
  type Rational,
} from './bernoulli-exponential.ts';
import { RandomWords } from './randomness.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';

const rational = fc.record({
  numerator: fc.bigInt({ min: 0n, max: 10n ** 12n }),
  denominator: fc.bigInt({ min: 1n, max: 10n ** 12n }),
});
const toNumber = ({ numerator, denominator }: Rational) => Number(numerator) / Number(denominator);

/** The words given, then seeded ones. */
function wordsBeginning(words: readonly number[]): RandomWords {
  const rest = seededRandomness('rest');
  return new RandomWords({
    fill(bytes) {
      rest.fill(bytes);
      new Uint32Array(bytes.buffer, bytes.byteOffset, words.length).set(words);
    },
  });
}

test('the interval holds exp(-γ), is narrow, and shrinks with every further bit', () => {
  fc.assert(
    fc.property(rational, (gamma) => {
      const expected = Math.exp(-toNumber(gamma));
      const coarse = expInterval(gamma, 50);
      assert.ok(Number(coarse.low) <= expected * 2 ** 50 * (1 + 1e-9) + 1e-9);
      assert.ok(Number(coarse.high) >= expected * 2 ** 50 * (1 - 1e-9));
      assert.ok(coarse.high - coarse.low <= 3n);
      const fine = expInterval(gamma, 200);
      assert.ok(fine.low >> 150n >= coarse.low - 1n && fine.high >> 150n <= coarse.high);
    }),
  );
});

test('e^-1 and e^-1/2 are right to 50 decimals', () => {
  const digits = (gamma: Rational) => {
    const { low, high } = expInterval(gamma, 190);
    const decimals = [low, high].map((bound) => (bound * 10n ** 50n) >> 190n);
    assert.equal(decimals[0], decimals[1]);
    return String(decimals[0]);
  };
  assert.equal(
    digits({ numerator: 1n, denominator: 1n }),
    '36787944117144232159552377016146086744581113103176',
  );
  assert.equal(
    digits({ numerator: 1n, denominator: 2n }),
    '60653065971263342360379953499118045344191813548718',
  );
});

test('the quick decision is the exact one, for the same random bits', () => {
  fc.assert(
    fc.property(rational, fc.nat({ max: 2 ** 32 - 1 }), (gamma, word) => {
      const estimate = Math.exp(-toNumber(gamma));
      const quick = bernoulliExponential(wordsBeginning([word]), estimate, () => gamma, 0);
      const words = wordsBeginning([word]);
      assert.equal(quick, decideExactly(words, words.next(), gamma));
    }),
    { numRuns: 500 },
  );
});

test('a uniform real at the very threshold is decided by exact arithmetic, not by the estimate', () => {
  const gamma = { numerator: 1n, denominator: 1n };
  const { low } = expInterval(gamma, 96);
  const bits = [64n, 32n, 0n].map((shift) => Number((low >> shift) & 0xffff_ffffn));
  const [first, second, third] = bits as [number, number, number];
  const decide = (words: readonly number[]) => {
    let asked = 0;
    const gammaOf = () => {
      asked += 1;
      return gamma;
    };
    const heads = bernoulliExponential(wordsBeginning(words), Math.exp(-1), gammaOf, 0);
    assert.equal(asked, 1);
    return heads;
  };
  assert.equal(decide([first, second, third - 1000]), true);
  assert.equal(decide([first, second, third + 1000]), false);
});

test('the margin leaves a factor of a hundred over the error of the estimates', () => {
  for (let i = 0; i < 2000; i++) {
    const gamma = { numerator: BigInt(i * 7919 + 1), denominator: 524_287n };
    const { low, high } = expInterval(gamma, 80);
    const middle = Number((low + high) / 2n) / 2 ** 80;
    assert.ok(Math.abs(Math.exp(-toNumber(gamma)) - middle) < ESTIMATE_MARGIN / 100);
  }
});

test('heads come up with probability exp(-γ)', () => {
  const words = new RandomWords(seededRandomness('coins'));
  for (const [numerator, denominator] of [
    [0n, 1n],
    [1n, 7n],
    [1n, 1n],
    [5n, 2n],
  ] as const) {
    const gamma = { numerator, denominator };
    const p = Math.exp(-toNumber(gamma));
    const tosses = 40_000;
    let heads = 0;
    for (let i = 0; i < tosses; i++) {
      if (bernoulliExponential(words, p, () => gamma, 0)) heads += 1;
    }
    assert.ok(Math.abs(heads - tosses * p) <= 4 * Math.sqrt(tosses * p * (1 - p)));
  }
});
