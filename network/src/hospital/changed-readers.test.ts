import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { restartChangedReaders } from './changed-readers.ts';
import type { HospitalLayout } from './hospital-layout.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-readers-'));
after(() => rmSync(directory, { recursive: true }));
const layout = {
  directory,
  ipfsRepo: directory,
  connection: join(directory, 'connection.json'),
} as HospitalLayout;
const hospital = { own: { name: 'north', mspId: 'NorthMSP', title: 'North', host: 'north.example' } };

const write = (...names: readonly string[]) => {
  for (const name of names) writeFileSync(join(directory, name), `${name} ${Math.random()}`);
};
async function restarted(names: readonly string[], restart: () => Promise<void> = () => Promise.resolve()) {
  return restartChangedReaders(hospital, layout, { write: async () => write(...names), restart });
}

test('only what reads a file that changed is restarted', async () => {
  assert.deepEqual(await restarted(['links.json', 'config', 'connection.json']), [
    'links-north',
    'ipfs-north',
    'gateway-north',
  ]);
  assert.deepEqual(await restarted([]), []);
  assert.deepEqual(await restarted(['connection.json']), ['gateway-north']);
});

test('a restart that failed is made up for, though the files are the same by then', async () => {
  const fails = async () => {
    throw new Error('not ready in time');
  };
  await assert.rejects(restarted(['links.json'], fails), /not ready in time/);
  assert.deepEqual(await restarted(['config']), ['links-north', 'ipfs-north']);
  assert.deepEqual(await restarted([]), []);
});

test('files that a command wrote before it was interrupted are read when it runs again', async () => {
  const interrupted = restartChangedReaders(hospital, layout, {
    write: async () => {
      write('links.json');
      throw new Error('interrupted');
    },
    restart: () => assert.fail('restarted'),
  });
  await assert.rejects(interrupted, /interrupted/);
  assert.deepEqual(await restarted([]), ['links-north']);
  assert.deepEqual(await restarted([]), []);
});
