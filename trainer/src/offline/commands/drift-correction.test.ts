import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import type { ModelCard } from '../report/model-card.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const STUDY = `
model: { kind: logistic-regression, localIntercept: true }
rounds: 2
stepsPerRound: 3
samplingRate: 0.5
clipNormL2: 1
learningRate: 0.5
noiseMultiplier: 1
delta: 0.001
`;

describe('a study file that corrects drift', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-drift-'));
  const at = (name: string) => join(directory, name);
  after(() => rmSync(directory, { recursive: true }));

  before(() => {
    writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
    ['a', 'b'].forEach((name, seed) => {
      writeFileSync(at(`${name}.csv`), csvOf(seed, 60 + 20 * seed));
    });
  });

  async function simulate(fields: string) {
    writeFileSync(at('study.yaml'), STUDY + fields);
    const sites = ['a', 'b'].flatMap((name) => ['--site', `${name}=${at(`${name}.csv`)}`]);
    const files = ['--dictionary', at('dictionary.json'), '--study', at('study.yaml'), '--out', at('out')];
    return run('simulate', ...sites, ...files);
  }
  const card = (): ModelCard => JSON.parse(readFileSync(join(at('out'), 'model-card.json'), 'utf8'));

  it('is trained at the charge of one that does not, and the card says how', async () => {
    assert.equal((await simulate('')).status, 0);
    const plain = card();
    for (const driftCorrection of [{ kind: 'fedprox', proximal: 0.1 }, { kind: 'scaffold' }]) {
      const { status, stderr } = await simulate(`driftCorrection: ${JSON.stringify(driftCorrection)}\n`);
      assert.equal(status, 0, stderr);
      assert.deepEqual(card().privacy, plain.privacy);
      assert.deepEqual(card().training.driftCorrection, driftCorrection);
    }
  });

  for (const [fields, says] of [
    [
      'driftCorrection: { kind: scaffold }\nmomentum: 0.5\n',
      /driftCorrection: scaffold needs gradient descent/,
    ],
    ['driftCorrection: { kind: scaffold }\noptimizer: { kind: adam }\n', /scaffold needs gradient descent/],
    ['driftCorrection: { kind: scaffold }\nschedule: { kind: linear }\n', /scaffold needs one learning rate/],
    ['driftCorrection: { kind: fedprox, proximal: 4 }\n', /proximal times learningRate must be below 1/],
    ['driftCorrection: { kind: fedprox }\n', /driftCorrection\.proximal is missing/],
    ['driftCorrection: { kind: feddyn }\n', /driftCorrection\.kind must be one of fedprox, scaffold/],
    [
      'driftCorrection: { kind: scaffold }\naggregation: { rule: geometric-median }\n',
      /scaffold needs the rule fedavg/,
    ],
  ] as const) {
    it(`is refused with the reason: ${fields.trim().replaceAll('\n', ', ')}`, async () => {
      const { status, stderr } = await simulate(fields);
      assert.equal(status, 2);
      assert.match(stderr, says);
    });
  }
});
