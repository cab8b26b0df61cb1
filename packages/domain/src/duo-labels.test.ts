import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PURPOSES } from './dataset.ts';
import { DUO_LABELS, duoLabelsIn } from './duo-labels.ts';

test('every purpose has the label of the ontology', () => {
  assert.deepEqual(Object.keys(DUO_LABELS).sort(), [...PURPOSES].sort());
  assert.equal(DUO_LABELS['DUO:0000007'], 'disease specific research');
});

test('codes are found wherever a value has them, and not within other text', () => {
  const value = {
    items: [{ terms: { purposes: ['DUO:0000006'] } }, { purpose: 'DUO:0000042' }],
    note: 'no DUO:0000007',
  };
  assert.deepEqual(duoLabelsIn(value), {
    'DUO:0000042': 'general research use',
    'DUO:0000006': 'health or medical or biomedical research',
  });
  for (const none of [null, 'DUO:9999999', 3, {}]) assert.deepEqual(duoLabelsIn(none), {});
});
