// Noise comes from the operating system's generator here too: see `testing/noise-problems.ts`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ShardSums } from '../tiled-sums.ts';
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

/** What a move adds to parameters besides the sums, each of which is `sumAt` in lattice steps. */
function noiseOfMove(update: UpdateAhead, sumAt = (_: number) => 0): Float64Array {
  const { parameters, rounded } = update.memory;
  parameters.fill(3);
  update.move(rates);
  assert.deepEqual(rounded, Float32Array.from(parameters));
  // All numbers are multiples of an eighth, so that nothing rounds.
  return parameters.map((value, i) => (3 - value) / (0.5 * 0.25) - sumAt(i));
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

test('vectors are fresh each time, whichever thread drew which tile of them', async () => {
  for (const isHelped of [false, true]) {
    const update = start();
    const helping = isHelped ? help(update) : undefined;
    const draw = () => update.draw();
    assert.deepEqual(await noiseProblems(draw, { sigma, vectors: 60 }), []);
    const ahead = () => {
      let tiles = 0;
      update.drawWhile(() => tiles++ < 7);
      return update.draw();
    };
    assert.deepEqual(await noiseProblems(ahead, { sigma, vectors: 60 }), []);
    const used = () => noiseOfMove(update);
    assert.deepEqual(await noiseProblems(used, { sigma, vectors: 60 }), []);
    let turn = 0;
    const inTurn = () => [update.draw, used, ahead][turn++ % 3]!();
    assert.deepEqual(await noiseProblems(inTurn, { sigma, vectors: 60 }), []);
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

test('all parameters move by the sums and the noise, once', async () => {
  const update = start();
  const helping = help(update);
  const { sums } = update.memory;
  for (let step = 0; step < 40; step++) {
    sums[0]!.fill(step);
    sums[1]!.forEach((_, i, sum) => {
      sum[i] = i;
    });
    const noise = noiseOfMove(update, (i) => 4 * (step + i));
    assert.ok(noise.every(Number.isInteger));
    assert.ok(Math.hypot(...noise) < 1.1 * sigma * Math.sqrt(parameterCount));
  }
  await helping.end();
  await update.close();
});

test('sums that are not the memory’s are not moved by', async () => {
  const update = start();
  const { sums } = update.memory;
  assert.ok(update.canMove(new ShardSums(sums)));
  assert.ok(!update.canMove(new ShardSums(sums.toReversed())));
  assert.ok(!update.canMove(new ShardSums([sums[0]!])));
  assert.ok(!update.canMove(sums[0]!));
  await update.close();
});

test('no noise is handed out once it is closed, and it can be closed before any is drawn', async () => {
  const update = start();
  await update.close();
  assert.throws(() => update.draw(), { name: 'NoiseWorkerError' });
  assert.throws(() => update.move(rates), { name: 'NoiseWorkerError' });
});
