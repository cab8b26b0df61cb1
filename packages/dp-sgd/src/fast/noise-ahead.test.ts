// The worker draws from the operating system's generator, so that these tests do too: a right source fails them about
// once in a million runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNoise } from './noise-ahead.ts';
import { noiseProblems } from './testing/noise-problems.ts';

const sigma = 2 ** 20;

for (const count of [1100, 5000, 40_000]) {
  test(`vectors of ${count} samples are fresh each time, whichever thread drew them`, async () => {
    const noise = startNoise({ sigma, count });
    assert.deepEqual(
      await noiseProblems(() => noise.draw(), { sigma, vectors: Math.ceil(200_000 / count) + 60 }),
      [],
    );
    await noise.close();
  });
}

test('the same test catches noise that is used again, is not integer, or has another scale', async () => {
  const noise = startNoise({ sigma, count: 1100 });
  const first = noise.draw().slice();
  const caught = (draw: () => Float64Array) => noiseProblems(draw, { sigma, vectors: 50 });
  let turn = 0;
  assert.match((await caught(() => (turn++ % 2 === 0 ? first : noise.draw()))).join(), /twice/);
  assert.match((await caught(() => noise.draw().map((value) => value + 0.5))).join(), /integer/);
  assert.match((await caught(() => noise.draw().map((value) => Math.round(value * 0.9)))).join(), /scale/);
  await noise.close();
});

test('a source of noise can be closed before any is drawn', async () => {
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
