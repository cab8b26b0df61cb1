import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Pace } from './pace.ts';

const middle = () => 0.5;
const options = { pollMs: 1000, maxPollMs: 60_000, random: middle };

it('idle looks come at growing distances up to the longest, and news begins again', () => {
  const pace = new Pace(options);
  const distances = Array.from({ length: 9 }, () => {
    const { idleMs } = pace;
    pace.looked({ news: false, woken: false });
    return idleMs;
  });
  assert.deepEqual(distances, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  pace.looked({ news: true, woken: false });
  assert.equal(pace.idleMs, 1000);
});

it('trainers that were woken together drift apart, by a quarter at most', () => {
  const [early, late] = [0, 0.999].map((value) => new Pace({ ...options, random: () => value }).idleMs);
  assert.equal(early, 750);
  assert.ok(late! > 1249 && late! < 1250);
});

it('events that bring no news make the next look wait, and news ends that at once', () => {
  const pace = new Pace(options);
  const waits = Array.from({ length: 12 }, () => {
    pace.looked({ news: false, woken: true });
    return pace.leastMs;
  });
  assert.deepEqual(waits.slice(0, 8), [0, 0, 0, 0, 50, 100, 200, 400]);
  assert.deepEqual(waits.slice(-2), [1000, 1000], 'never longer than a poll');
  pace.looked({ news: true, woken: true });
  assert.equal(pace.leastMs, 0);
});

it('looks without an event cost no patience', () => {
  const pace = new Pace(options);
  for (let i = 0; i < 50; i++) pace.looked({ news: false, woken: false });
  assert.equal(pace.leastMs, 0);
});
