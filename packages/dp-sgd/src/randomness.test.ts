import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RandomWords, secureRandomness } from './randomness.ts';
import { chiSquareScore } from './testing/goodness-of-fit.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';

/** Words 1, 2, 3, ... in the order in which they are fetched. */
function counting(): RandomWords {
  let filled = 0;
  return new RandomWords({
    fill(bytes) {
      const view = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      for (let i = 0; i < view.length; i++) view[i] = ++filled;
    },
  });
}

test('each word is handed out once, however many are fetched', () => {
  const words = counting();
  for (let i = 1; i <= 40_000; i++) assert.equal(words.next(), i);
});

test('words in blocks are handed out once each, whatever is taken between, and none that a block cleared', () => {
  const words = counting();
  const seen = new Set<number>();
  const add = (word: number) => {
    assert.ok(word > 0 && !seen.has(word));
    seen.add(word);
  };
  for (let i = 0; i < 30; i++) {
    const block = words.block(3000);
    assert.ok(block.length > 0 && block.length <= 3000 && block.length % 2 === 0);
    for (let k = 0; k < 5000; k++) add(words.next());
    block.forEach(add);
    block.fill(0);
  }
});

test('integers below a bound are uniform and never reach it', () => {
  const words = new RandomWords(seededRandomness('below'));
  for (const bound of [1, 2, 3, 7, 10]) {
    const counts = new Array<number>(bound).fill(0);
    for (let i = 0; i < 20_000; i++) counts[words.below(bound)]! += 1;
    assert.equal(counts.length, bound);
    if (bound > 1)
      assert.ok(
        Math.abs(
          chiSquareScore(
            counts,
            counts.map(() => 1 / bound),
          ),
        ) < 4,
      );
  }
  assert.ok(words.below(2 ** 32) < 2 ** 32);
});

test('the secure source repeats nothing', () => {
  const words = new RandomWords(secureRandomness);
  const seen = new Set(Array.from({ length: 1000 }, () => words.next()));
  assert.ok(seen.size > 990);
});

test('reproducible randomness exists in tests only', () => {
  const root = import.meta.dirname;
  const production = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.js') && !file.endsWith('.test.js') && !file.includes('testing/'),
  );
  assert.ok(production.length > 20);
  const offenders = production.filter((file) =>
    /seeded-randomness|\/testing\//.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(offenders, []);
});
