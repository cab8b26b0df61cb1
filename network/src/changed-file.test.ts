import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { changesSinceStart, keepStarted } from './changed-file.ts';
import type { Consortium } from './config.ts';

const consortium: Consortium = {
  name: 'clinics',
  channel: 'wards',
  runtime: 'native',
  organisations: ['north', 'south', 'west'].map((name) => ({ name, mspId: `${name}MSP`, title: name })),
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
  orderer: { ordering: 'raft', nodes: 3 },
};

test('each field that is not as at the start is said, and an organisation that was taken out by its name', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-changed-'));
  t.after(() => rmSync(directory, { recursive: true }));
  assert.deepEqual(changesSinceStart(directory, consortium), [], 'nothing is known of a start');
  keepStarted(directory, consortium);
  assert.deepEqual(changesSinceStart(directory, structuredClone(consortium)), []);
  const changed = {
    ...consortium,
    organisations: consortium.organisations.filter(({ name }) => name !== 'south'),
    orderer: { ordering: 'bft', batchTimeoutMs: 50 },
  } as const;
  assert.deepEqual(changesSinceStart(directory, changed), [
    'organisations.south is left out, and was {"name":"south","mspId":"southMSP","title":"south"} at the start',
    'orderer.ordering is "bft", and was "raft" at the start',
    'orderer.nodes is left out, and was 3 at the start',
    'orderer.batchTimeoutMs is 50, and was left out at the start',
  ]);
});
