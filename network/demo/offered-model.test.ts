import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from './enrolment.ts';
import { findOfferedModel } from './offered-model.ts';
import { evaluateModel } from './predictions.ts';
import { readDictionary } from './study-plan.ts';

const MODEL = { studyId: 'heart', round: 3 };
const RETIRED = {
  ...MODEL,
  retiredAt: '2026-03-02T09:00:00Z',
  withdrawn: [{ datasetId: 'basel', withdrawnAt: '2026-03-02T09:00:00Z' }],
};
function clientOf(model: object) {
  const asked: string[] = [];
  const answer = async (path: string): Promise<never> => {
    asked.push(path);
    return (path === '/studies/heart/model' ? model : { probabilities: [] }) as never;
  };
  return { asked, get: answer, post: answer };
}

test('a model that is offered is the one that the ledger has, also where a consent was withdrawn', async () => {
  for (const model of [MODEL, { ...MODEL, withdrawn: RETIRED.withdrawn }]) {
    assert.deepEqual(await findOfferedModel(clientOf(model), 'heart'), model);
  }
});

test('a retired model is refused by the name of its study, with the time and the dataset', async () => {
  await assert.rejects(findOfferedModel(clientOf(RETIRED), 'heart'), {
    name: 'RetiredModelError',
    message: /study heart is retired since 2026-03-02T09:00:00Z: the consent of basel .* Do not load it/,
  });
});

test('nobody predicts with a published model before the ledger was asked for it, nor with a retired one', async () => {
  const heldOutOf = (client: ReturnType<typeof clientOf>) => [
    { site: { client, hospital: { datasetId: 'basel' } } as unknown as Site, rows: [['basel-1', '63']] },
  ];
  const final = { studyId: 'heart', round: 'final', dictionary: readDictionary() } as const;
  const retired = clientOf(RETIRED);
  await assert.rejects(evaluateModel(heldOutOf(retired), final), { name: 'RetiredModelError' });
  assert.deepEqual(retired.asked, ['/studies/heart/model'], 'nothing was sent');
  const offered = clientOf(MODEL);
  await assert.rejects(evaluateModel(heldOutOf(offered), final), /1 patients were sent and 0 predictions/);
  assert.deepEqual(offered.asked, ['/studies/heart/model', '/local/predictions']);
});
