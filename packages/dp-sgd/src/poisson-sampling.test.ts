import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poissonSampler, shuffle } from './poisson-sampling.ts';
import { RandomWords } from './randomness.ts';
import { chiSquareScore } from './testing/goodness-of-fit.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';

/** Probabilities of a binomial's values 0..n. */
function binomial(n: number, q: number): number[] {
  const probabilities = [(1 - q) ** n];
  for (let k = 1; k <= n; k++)
    probabilities.push((probabilities[k - 1]! * ((n - k + 1) * q)) / (k * (1 - q)));
  return probabilities;
}

type Draw = (units: number) => Uint32Array;

/** Standard score of batch sizes against the binomial, over 4000 batches of 20 units. */
function sizeScore(draw: Draw, rate: number): number {
  const counts = new Array<number>(21).fill(0);
  for (let i = 0; i < 4000; i++) counts[draw(20).length]! += 1;
  const probabilities = binomial(20, rate);
  // Sizes that hardly occur share a class.
  const kept = probabilities.flatMap((p, k) => (p > 0.002 ? [k] : []));
  const restOf = (values: readonly number[]) =>
    values.reduce((sum, value, k) => (kept.includes(k) ? sum : sum + value), 0);
  return chiSquareScore(
    [...kept.map((k) => counts[k]!), restOf(counts)],
    [...kept.map((k) => probabilities[k]!), restOf(probabilities)],
  );
}

test('a rate of 1 draws every unit, and no random bits', () => {
  const words = new RandomWords({ fill: () => assert.fail('no bits are needed') });
  assert.deepEqual([...poissonSampler(words, { units: 4, rate: 1 })()], [0, 1, 2, 3]);
  assert.equal(poissonSampler(words, { units: 0, rate: 1 })().length, 0);
});

test('batch sizes are binomial: each unit is drawn independently', () => {
  const words = new RandomWords(seededRandomness('sizes'));
  for (const rate of [0.05, 0.3, 0.9]) {
    assert.ok(sizeScore((units) => poissonSampler(words, { units, rate })(), rate) < 4, `rate ${rate}`);
  }
});

test('the same test rejects shuffling into batches of one size, and a rate that is off', () => {
  const words = new RandomWords(seededRandomness('shuffle'));
  const shuffled: Draw = (units) => {
    const order = Uint32Array.from({ length: units }, (_, i) => i);
    for (let i = units - 1; i > 0; i--) {
      const j = words.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order.slice(0, 0.3 * units);
  };
  assert.ok(sizeScore(shuffled, 0.3) > 6);
  assert.ok(sizeScore((units) => poissonSampler(words, { units, rate: 0.33 })(), 0.3) > 6);
});

test('every unit is drawn equally often, and two units together as often as independent draws', () => {
  const words = new RandomWords(seededRandomness('units'));
  const rate = 0.25;
  const batches = 8000;
  const counts = new Array<number>(10).fill(0);
  let pairs = 0;
  for (let i = 0; i < batches; i++) {
    const batch = poissonSampler(words, { units: 10, rate })();
    for (const unit of batch) counts[unit]! += 1;
    if (batch.includes(3) && batch.includes(4)) pairs += 1;
  }
  for (const count of counts) {
    assert.ok(Math.abs(count - batches * rate) < 4 * Math.sqrt(batches * rate * (1 - rate)));
  }
  const both = rate * rate;
  assert.ok(Math.abs(pairs - batches * both) < 4 * Math.sqrt(batches * both * (1 - both)));
});

/** Whether a unit is drawn where its uniform integer below 2^64 is the one given. */
function drawnAt(rate: number, integer: bigint): boolean {
  // The highest byte comes first; the other bits, where they are asked for, are fetched apart.
  const rest = [Number((integer >> 24n) & 0xffff_ffffn), Number((integer & 0xff_ffffn) << 8n)];
  const fetched = [[Number(integer >> 56n)], rest];
  const words = new RandomWords({
    fill: (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, 2).set(fetched.shift()!),
  });
  return poissonSampler(words, { units: 1, rate })().length === 1;
}

test('the probability is the rate to 64 bits and never above it', () => {
  for (const rate of [1 / 3, 0.001, 0.25, 1 - 2 ** -53, 2 ** -20]) {
    const threshold = BigInt(rate * 2 ** 64);
    assert.equal(drawnAt(rate, threshold - 1n), true);
    assert.equal(drawnAt(rate, threshold), false);
    // Also where the first byte, or the first five, decide alone.
    for (const bits of [24n, 56n]) {
      const step = 1n << bits;
      if (threshold >= step) assert.equal(drawnAt(rate, threshold - step), true);
      if (threshold + step < 1n << 64n) assert.equal(drawnAt(rate, threshold + step), false);
    }
  }
  assert.equal(drawnAt(2 ** -70, 0n), false);
});

test('units beyond one pool of random bits are drawn at the rate', () => {
  const words = new RandomWords(seededRandomness('crowd'));
  const batch = poissonSampler(words, { units: 300_001, rate: 0.1 })();
  assert.ok(Math.abs(batch.length - 30_000) < 5 * Math.sqrt(27_000));
  assert.ok(batch.every((unit, i) => unit < 300_001 && (i === 0 || unit > batch[i - 1]!)));
});

/** Standard score of the orders of four units, over 4800 of them. */
function orderScore(reorder: (batch: Uint32Array) => Uint32Array): number {
  const counts = new Map<string, number>();
  for (let i = 0; i < 4800; i++) {
    const order = reorder(Uint32Array.of(0, 1, 2, 3)).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  const all = [...counts.values(), ...new Array<number>(24 - counts.size).fill(0)];
  return chiSquareScore(all, new Array<number>(24).fill(1 / 24));
}

test('every order of a batch is as likely as every other', () => {
  const words = new RandomWords(seededRandomness('orders'));
  assert.ok(orderScore((batch) => shuffle(words, batch)) < 4);
  for (const batch of [Uint32Array.of(), Uint32Array.of(7)]) assert.deepEqual(shuffle(words, batch), batch);
});

test('the same test rejects an order left as it was, and exchanges with any index', () => {
  const words = new RandomWords(seededRandomness('orders'));
  assert.ok(orderScore((batch) => batch) > 6);
  const naive = (batch: Uint32Array) => {
    for (let i = 0; i < batch.length; i++) {
      const other = words.below(batch.length);
      [batch[i], batch[other]] = [batch[other]!, batch[i]!];
    }
    return batch;
  };
  assert.ok(orderScore(naive) > 6);
});
