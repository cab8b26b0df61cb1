// Noise comes from the operating system's generator here too: see `testing/noise-problems.ts`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ShardSums } from '../tiled-sums.ts';
import { signal } from './shared-move.ts';
import { noiseProblems } from './testing/noise-problems.ts';
import { openMove, type ThreadedMove } from './threaded-move.ts';

const sigma = 2 ** 20;
const parameterCount = 20_001;
const rates = { rate: 0.5, kept: 1, momentum: 0 };

function start() {
  const release = () => new Float64Array(0);
  const scale = { latticePerUnit: 4, meanPerStep: 0.25 };
  return openMove({ sigma, parameterCount, hasVelocity: false, release, scale });
}

/** What a move adds to parameters besides the sums, each of which is `sumAt` in lattice steps. */
function noiseOfMove(fused: ThreadedMove, sumAt = (_: number) => 0): Float64Array {
  const { parameters, rounded } = fused.memory;
  parameters.fill(3);
  fused.move(rates);
  assert.deepEqual(rounded, Float32Array.from(parameters));
  // All numbers are multiples of an eighth, so that nothing rounds.
  return parameters.map((value, i) => (3 - value) / (0.5 * 0.25) - sumAt(i));
}

/** A thread that helps a move until it is asked to end. */
function help({ task }: ThreadedMove): { end(): Promise<void> } {
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
    const fused = start();
    const helping = isHelped ? help(fused) : undefined;
    const draw = () => fused.draw();
    assert.deepEqual(await noiseProblems(draw, { sigma, vectors: 60 }), []);
    const ahead = () => {
      let tiles = 0;
      fused.drawWhile(() => tiles++ < 7);
      return fused.draw();
    };
    assert.deepEqual(await noiseProblems(ahead, { sigma, vectors: 60 }), []);
    const used = () => noiseOfMove(fused);
    assert.deepEqual(await noiseProblems(used, { sigma, vectors: 60 }), []);
    let turn = 0;
    const inTurn = () => [fused.draw, used, ahead][turn++ % 3]!();
    assert.deepEqual(await noiseProblems(inTurn, { sigma, vectors: 60 }), []);
    await helping?.end();
    await fused.close();
  }
});

test('the same test catches a vector that is handed out again', async () => {
  const fused = start();
  const first = fused.draw().slice();
  let turn = 0;
  const again = () => (turn++ % 2 === 0 ? first : fused.draw());
  assert.match((await noiseProblems(again, { sigma, vectors: 20 })).join(), /twice/);
  await fused.close();
});

test('all parameters move by the sums and the noise, once', async () => {
  const fused = start();
  const helping = help(fused);
  const { sums } = fused.memory;
  for (let step = 0; step < 40; step++) {
    sums[0]!.fill(step);
    sums[1]!.forEach((_, i, sum) => {
      sum[i] = i;
    });
    const noise = noiseOfMove(fused, (i) => 4 * (step + i));
    assert.ok(noise.every(Number.isInteger));
    assert.ok(Math.hypot(...noise) < 1.1 * sigma * Math.sqrt(parameterCount));
  }
  await helping.end();
  await fused.close();
});

test('sums that are not the memory’s are not moved by', async () => {
  const fused = start();
  const { sums } = fused.memory;
  assert.ok(fused.canMove(new ShardSums(sums)));
  assert.ok(!fused.canMove(new ShardSums(sums.toReversed())));
  assert.ok(!fused.canMove(new ShardSums([sums[0]!])));
  assert.ok(!fused.canMove(sums[0]!));
  await fused.close();
});

test('no noise is handed out once it is closed, and it can be closed before any is drawn', async () => {
  const fused = start();
  await fused.close();
  assert.throws(() => fused.draw(), { name: 'NoiseWorkerError' });
  assert.throws(() => fused.move(rates), { name: 'NoiseWorkerError' });
});
