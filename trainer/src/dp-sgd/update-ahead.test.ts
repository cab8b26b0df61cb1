// Noise comes from the operating system's generator here too: see `testing/noise-problems.ts`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LaneSums } from './lane-sums.ts';
import { signal } from './shared-update.ts';
import { noiseProblems } from './testing/noise-problems.ts';
import { openUpdate, type UpdateAhead } from './update-ahead.ts';

const sigma = 2 ** 20;
const parameterCount = 20_001;
const rates = { rate: 0.5, kept: 1, momentum: 0 };

function start() {
  const release = () => new Float64Array(0);
  const scale = { latticePerUnit: 4, meanPerStep: 0.25 };
  return openUpdate({ sigma, parameterCount, hasVelocity: false, release, scale });
}

/** A thread that helps an update until it is told to end. */
function help({ task }: UpdateAhead): { end(): Promise<void> } {
  const isWanted = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./testing/helping-thread.js', import.meta.url), {
    workerData: { task, isWanted },
  });
  const exited = once(worker, 'exit');
  return {
    async end() {
      Atomics.store(isWanted, 0, 1);
      signal(task.counters);
      await exited;
    },
  };
}

test('vectors are fresh each time, whichever thread drew which part of them', async () => {
  for (const isHelped of [false, true]) {
    const update = start();
    const helping = isHelped ? help(update) : undefined;
    const draw = () => update.draw();
    assert.deepEqual(await noiseProblems(draw, { sigma, vectors: 60 }), []);
    const ahead = () => {
      update.finishNoise();
      return update.draw();
    };
    assert.deepEqual(await noiseProblems(ahead, { sigma, vectors: 60 }), []);
    await helping?.end();
    await update.close();
  }
});

test('the same test catches a vector that is handed out again', async () => {
  const update = start();
  const first = update.draw().slice();
  let turn = 0;
  const again = () => (turn++ % 2 === 0 ? first : update.draw());
  assert.match((await noiseProblems(again, { sigma, vectors: 20 })).join(), /twice/);
  await update.close();
});

test('parameters move by the noise that was drawn last, all of them, and once', async () => {
  const update = start();
  const helping = help(update);
  const { parameters, rounded, sums } = update.memory;
  const sum = new LaneSums(sums);
  sums[0]!.fill(1);
  const seen = new Set<number>();
  for (let step = 0; step < 40; step++) {
    parameters.fill(3);
    update.finishNoise();
    const noise = update.draw();
    const expected = noise.map((value) => 3 - 0.5 * ((4 + value) * 0.25));
    seen.add(expected[parameterCount - 1]!);
    assert.ok(update.canMove(sum, noise));
    update.move(rates);
    assert.deepEqual(parameters, expected);
    assert.deepEqual(rounded, Float32Array.from(expected));
    // What was used is not used again.
    assert.ok(!update.canMove(sum, noise));
    assert.throws(() => update.move(rates), { name: 'NoiseWorkerError' });
  }
  assert.ok(seen.size > 30);
  await helping.end();
  await update.close();
});

test('sums or noise that are not the memory’s are not moved by', async () => {
  const update = start();
  const { sums } = update.memory;
  const noise = update.draw();
  assert.ok(update.canMove(new LaneSums(sums), noise));
  assert.ok(!update.canMove(new LaneSums(sums), noise.slice()));
  assert.ok(!update.canMove(new LaneSums(sums.toReversed()), noise));
  assert.ok(!update.canMove(new LaneSums([sums[0]!]), noise));
  assert.ok(!update.canMove(sums[0]!, noise));
  await update.close();
});

test('no noise is handed out once it is closed, and it can be closed before any is drawn', async () => {
  const update = start();
  await update.close();
  assert.throws(() => update.draw(), { name: 'NoiseWorkerError' });
  assert.throws(() => update.finishNoise(), { name: 'NoiseWorkerError' });
});
