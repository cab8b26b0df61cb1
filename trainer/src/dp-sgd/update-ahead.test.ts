// Noise comes from the operating system's generator here too: see `testing/noise-problems.ts`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneSums } from './lane-sums.ts';
import { endLane } from './shared-update.ts';
import { noiseProblems } from './testing/noise-problems.ts';
import { startUpdate } from './update-ahead.ts';

const sigma = 2 ** 20;
const parameterCount = 20_001;
const rates = { rate: 0.5, kept: 1, momentum: 0 };

function start() {
  const release = () => new Float64Array(0);
  const scale = { latticePerUnit: 4, meanPerStep: 0.25 };
  return startUpdate({ sigma, parameterCount, hasVelocity: false, lanes: 2, release, scale });
}

test('vectors are fresh each time, whichever thread drew which part of them', async () => {
  const update = start();
  assert.deepEqual(await noiseProblems(() => update.draw(), { sigma, vectors: 60 }), []);
  // While lanes are at work, the worker draws none.
  const atWork = () => {
    update.startLanes();
    return update.draw();
  };
  assert.deepEqual(await noiseProblems(atWork, { sigma, vectors: 60 }), []);
  const ending = () => {
    update.startLanes();
    endLane(update.counters);
    return update.draw();
  };
  assert.deepEqual(await noiseProblems(ending, { sigma, vectors: 60 }), []);
  await update.close();
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
  const { parameters, rounded, sums } = update.memory;
  const sum = new LaneSums(sums);
  sums[0]!.fill(1);
  const seen = new Set<number>();
  for (let step = 0; step < 40; step++) {
    parameters.fill(3);
    update.startLanes();
    const noise = update.draw();
    const expected = noise.map((value) => 3 - 0.5 * ((4 + value) * 0.25));
    seen.add(expected[parameterCount - 1]!);
    endLane(update.counters);
    endLane(update.counters);
    assert.ok(update.canMove(sum, noise));
    update.move(rates);
    assert.deepEqual(parameters, expected);
    assert.deepEqual(rounded, Float32Array.from(expected));
    // What was used is not used again.
    assert.ok(!update.canMove(sum, noise));
    assert.throws(() => update.move(rates), { name: 'NoiseWorkerError' });
  }
  assert.ok(seen.size > 30);
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
  assert.throws(() => update.startLanes(), { name: 'NoiseWorkerError' });
});
