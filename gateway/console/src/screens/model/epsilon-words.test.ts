import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { epsilonInWords } from './epsilon-words.ts';

test('ε is said as a factor and as a guess, each rounded so that nobody is promised too much', () => {
  // e^2.723712 = 15.2368..., 1 / (1 + e^ε) = 6.1588... %
  assert.deepEqual(epsilonInWords('2.723712', '0.00001'), { factor: '15.3', guess: '93.9', wrong: '6.1' });
  assert.deepEqual(epsilonInWords('0.1', '0.00001'), { factor: '1.2', guess: '53', wrong: '47' });
});

test('no privacy loss is a coin, and a great one is all but known', () => {
  assert.deepEqual(epsilonInWords('0', '0'), { factor: '1', guess: '50', wrong: '50' });
  const great = epsilonInWords(20, 0.00001)!;
  assert.equal(great.wrong, '0.0000002');
  assert.equal(great.guess, '99.9999998');
  assert.equal(epsilonInWords(1000, 0)?.factor, '∞');
});

test('the guess is never said to be worse than the best test can be', () => {
  for (let epsilon = 0; epsilon <= 12; epsilon += 0.137) {
    for (const delta of [0, 1e-9, 1e-5, 0.01]) {
      const said = epsilonInWords(epsilon, delta)!;
      const best = (Math.exp(epsilon) + delta) / (1 + Math.exp(epsilon));
      assert.ok(Number(said.guess) / 100 >= best - 1e-12, `${epsilon} ${delta}: ${said.guess}`);
      assert.ok(said.factor === '∞' || Number(said.factor) >= Math.exp(epsilon) * (1 - 1e-12));
    }
  }
});

test('δ counts for the one who guesses', () => {
  assert.equal(epsilonInWords(0, 0.5)?.guess, '75');
});

test('what is no privacy loss is not said', () => {
  for (const [epsilon, delta] of [
    ['', '0'],
    ['?', '0'],
    ['1', '2'],
    [-1, 0],
  ] as const) {
    assert.equal(epsilonInWords(epsilon, delta), undefined);
  }
});
