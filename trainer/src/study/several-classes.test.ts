// A study on the ledger whose label has more than two categories: the held-out score is by the likeliest one.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Dictionary } from '@consilium/domain';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { askAs } from '../testing/asserted-request.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { DICTIONARY, type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';

const categories = ['young', 'grown', 'old'];
const dictionary: Dictionary = {
  ...DICTIONARY,
  label: { column: 'group', title: 'Group', rule: { kind: 'categorical', categories } },
};
const groupOf = (age: number) => (age > 66 ? 'old' : age > 42 ? 'grown' : 'young');

function csvOf(seed: number): string {
  const rows = Array.from({ length: 90 }, (_, i) => {
    const age = 20 + ((i * 37 + seed * 11) % 70);
    return `p${i},${age},${i % 2},${groupOf(age)}`;
  });
  return `${['id,age,smoker,group', ...rows].join('\n')}\n`;
}

describe('a study of several classes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-classes-'));
  let running: RunningConsortium;
  let world: SmallConsortium;

  before(async () => {
    const store = new MemoryArtefactStore();
    const training = {
      ...{ learningRate: '1', momentum: '0.9', clipNormL2: '1' },
      ...{ noiseMultiplier: '0.5', samplingRate: '1', stepsPerRound: 20 },
    };
    world = await smallConsortium({ directory, store, data: { dictionary, csvOf }, study: { training } });
    running = runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 }));
    await running.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
  });

  after(async () => {
    await running.stop();
    rmSync(directory, { recursive: true });
  });

  it('is judged by counts of patients whose likeliest class is theirs', () => {
    const { verdicts } = world.consortium.dossier('study', 3);
    const sum = (count: 'right' | 'wrong') =>
      verdicts.flatMap(({ scores }) => scores).reduce((all, score) => all + Number(score[count]), 0);
    assert.equal(verdicts.length, 3);
    // A third is right by chance, nine tenths without noise; noise moves the sums by 2 √3 each, once in 10^5 fivefold.
    const share = sum('right') / (sum('right') + sum('wrong'));
    assert.ok(share > 0.4, `${sum('right')} right, ${sum('wrong')} wrong`);
  });

  it('predicts a probability of each category, and names them', async () => {
    const answer = await askAs(running.trainers.get('A')!.http, 'steward', {
      method: 'POST',
      url: '/local/predictions',
      payload: { studyId: 'study', round: 'final', rows: [{ age: 25 }, { age: 85 }] },
    });
    const body = answer.json() as { categories: string[]; probabilities: number[][] };
    assert.deepEqual(body.categories, categories);
    assert.deepEqual(
      body.probabilities.map((own) => own.length),
      [3, 3],
    );
    const [young, old] = body.probabilities as [number[], number[]];
    assert.ok(Math.abs(young.reduce((all, own) => all + own, 0) - 1) < 1e-9);
    assert.ok(young[0]! > young[2]! && old[2]! > old[0]!, answer.body);
  });
});
