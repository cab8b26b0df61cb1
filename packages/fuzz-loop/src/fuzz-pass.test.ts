import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Finding,
  type FuzzFailure,
  type FuzzTarget,
  fuzzPass,
  mutateBytes,
  mutateJson,
  Random,
} from './index.ts';

const target = (run: (random: Random) => string): FuzzTarget => ({ name: 'numbers', open: () => ({ run }) });

describe('a fuzz pass', () => {
  it('gives each run of a seed the same randomness, whichever runs came before', async () => {
    const seen = async (from: number, runs: number) => {
      const numbers: number[] = [];
      const count = (random: Random) => {
        numbers.push(random.below(1e9));
        return 'counted';
      };
      assert.equal((await fuzzPass(target(count), { seed: 5, from, runs })).outcomes.counted, runs);
      return numbers;
    };
    const all = await seen(0, 20);
    assert.deepEqual(await seen(13, 1), [all[13]]);
    assert.equal(new Set(all).size, 20);
  });

  it('names the seed and run of a finding', async () => {
    const odd = target((random) => {
      const number = random.below(10);
      if (number === 3) throw new Finding('a three', String(number));
      return 'other';
    });
    const failure = await fuzzPass(odd, { seed: 1, runs: 1_000 }).then(
      () => assert.fail('found nothing'),
      (error: FuzzFailure) => error,
    );
    assert.match(failure.message, /^seed 1, run \d+: a three$/);
    await assert.rejects(fuzzPass(odd, { seed: 1, from: failure.run, runs: 1 }), {
      message: failure.message,
    });
  });

  it('takes a run that uses too much processor time for a finding', async () => {
    const slow: FuzzTarget = {
      ...target(() => {
        const before = process.cpuUsage();
        while (process.cpuUsage(before).user < 20_000);
        return 'done';
      }),
      maxRunCpuMs: 10,
    };
    await assert.rejects(fuzzPass(slow, { seed: 1, runs: 1 }), /ms of processor time/);
  });

  it('closes and opens the target again as often as it asks', async () => {
    const events: string[] = [];
    const again: FuzzTarget = {
      name: 'again',
      reopenAfterRuns: 2,
      open: () => {
        events.push('open');
        return { run: () => 'ran', close: () => void events.push('close') };
      },
    };
    await fuzzPass(again, { seed: 1, runs: 5 });
    assert.deepEqual(events, ['open', 'close', 'open', 'close', 'open', 'close']);
  });
});

describe('mutations', () => {
  it('leave the input alone and change the copy', () => {
    const bytes = Buffer.from('an input of some bytes');
    const json = { a: [1, 2, { b: 'text' }], c: null };
    let changed = 0;
    for (let run = 0; run < 300; run++) {
      const random = new Random(2, run);
      if (!mutateBytes(random, bytes).equals(bytes)) changed += 1;
      mutateJson(random, json);
    }
    assert.ok(changed > 270);
    assert.equal(bytes.toString(), 'an input of some bytes');
    assert.deepEqual(json, { a: [1, 2, { b: 'text' }], c: null });
  });
});
