import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { identify } from '../process-identity.ts';
import { type ServiceRecord, type ServiceState, writeState } from '../state-file.ts';
import { listenForControl } from '../supervisor-control.ts';
import { restartThoseThatRun } from './agree-command.ts';
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
async function restarted(
  names: readonly string[],
  restart: (names: readonly string[]) => Promise<readonly string[]> = async (all) => all,
) {
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

test('one that is stopped is not restarted, now or when the files are the same again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-stopped-reader-'));
  const said: string[] = [];
  const asked: string[] = [];
  const control = await listenForControl(directory, {
    restart: async (names) => void asked.push(...names),
    ...{ stop: async () => undefined, start: async () => undefined, report: (line) => said.push(line) },
  });
  const restart = (names: readonly string[]) =>
    restartThoseThatRun(directory, names, (line) => said.push(line));
  const record = (name: string, state: ServiceState): ServiceRecord => ({
    ...{ name, state, organisation: 'north', process: null, port: null, url: null, log: '' },
    ...{ startedAt: null, restarts: 0, lastExit: null },
  });
  const write = (gateway: ServiceState) =>
    writeState(directory, {
      ...{ version: 1, name: 'wards', phase: 'running', startedAt: new Date().toISOString() },
      supervisor: identify(process.pid)!,
      services: [record('links-north', 'running'), record('gateway-north', gateway)],
    });
  try {
    write('stopped');
    assert.deepEqual(await restarted(['links.json', 'connection.json'], restart), ['links-north']);
    assert.deepEqual(said, ['gateway-north is stopped, and stays so']);
    assert.deepEqual(await restarted(['connection.json'], restart), []);
    assert.deepEqual(asked, ['links-north']);
    write('running');
    assert.deepEqual(await restarted([], restart), []);
  } finally {
    control?.close();
    rmSync(directory, { recursive: true });
  }
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
