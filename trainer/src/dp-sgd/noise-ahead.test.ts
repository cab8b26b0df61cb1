// The worker draws from the operating system's generator, so that these tests do too: a right source fails them about
// once in a million runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startNoise } from './noise-ahead.ts';
import { varianceScore } from './testing/goodness-of-fit.ts';

const sigma = 2 ** 20;

/** What is wrong with the vectors that a source of noise hands out. */
async function problemsOf(
  draw: () => Float64Array,
  { vectors }: { readonly vectors: number },
): Promise<string[]> {
  const seen = new Set<string>();
  const all: number[] = [];
  for (let i = 0; i < vectors; i++) {
    // Now and then the worker is far ahead, else behind.
    if (i % 40 === 0) await wait(10);
    const vector = draw();
    seen.add(vector.subarray(0, 8).join());
    all.push(...vector);
  }
  const problems: string[] = [];
  if (seen.size < vectors) problems.push('a vector is handed out twice');
  if (!all.every(Number.isSafeInteger)) problems.push('noise is not integer');
  if (Math.abs(varianceScore(all, sigma)) > 5) problems.push('the noise has another scale');
  return problems;
}

for (const count of [1100, 5000, 40_000]) {
  test(`vectors of ${count} samples are fresh each time, whichever thread drew them`, async () => {
    const noise = startNoise({ sigma, count });
    assert.deepEqual(await problemsOf(() => noise.draw(), { vectors: Math.ceil(200_000 / count) + 60 }), []);
    await noise.close();
  });
}

test('the same test catches noise that is used again, is not integer, or has another scale', async () => {
  const noise = startNoise({ sigma, count: 1100 });
  const first = noise.draw().slice();
  const caught = (draw: () => Float64Array) => problemsOf(draw, { vectors: 50 });
  let turn = 0;
  assert.match((await caught(() => (turn++ % 2 === 0 ? first : noise.draw()))).join(), /twice/);
  assert.match((await caught(() => noise.draw().map((value) => value + 0.5))).join(), /integer/);
  assert.match((await caught(() => noise.draw().map((value) => Math.round(value * 0.9)))).join(), /scale/);
  await noise.close();
});

test('noise can be given up before any is drawn', async () => {
  await startNoise({ sigma, count: 2000 }).close();
});

test('no noise is handed out once the source is closed, not even what was drawn', async () => {
  for (const count of [2048, 2 ** 16]) {
    const source = startNoise({ sigma, count });
    source.draw();
    await source.close();
    assert.throws(() => source.draw(), { name: 'NoiseWorkerError' });
    assert.throws(() => source.draw(), { name: 'NoiseWorkerError' });
  }
});
