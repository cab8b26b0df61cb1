// What hosts of the test are given, without any host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSource } from '../data-files.ts';
import type { Host, Hosts } from './hosts.ts';
import { Room } from './room.ts';

test('a host in the place of a lost one has its release and its files, and who left keeps the file it left with', async () => {
  const host = (name: string, user: number): Host => ({
    ...{
      name,
      user,
      hostName: `${name}.test`,
      address: `10.0.0.${user}`,
      folder: `/nowhere/${name}-${user}`,
    },
    ...{ namespace: name, cable: name },
  });
  const all = [host('north', 1), host('south', 2), host('left', 3)];
  const written: string[] = [];
  const ran: string[] = [];
  const hosts = {
    ...{ all, root: '/nowhere', mailbox: '/nowhere/mailbox' },
    write: ({ name, user }: Host, file: string) => written.push(`${file} of ${name} ${user}`),
    run: async ({ name }: Host, [, main]: readonly string[]) => {
      ran.push(`${name} by ${main}`);
      return { status: 0, stdout: '{}', stderr: '' };
    },
  } as unknown as Hosts;
  const hospitals = ['north', 'south'].map((name) => ({
    ...{ name, mspId: `${name}MSP`, title: name, datasetId: name, datasetTitle: name, file: 'x.csv' },
  }));
  const source = { hospitals } as unknown as DataSource;
  const { signal } = new AbortController();
  const room = new Room({ hosts, source, ordering: 'bft', signal, say: () => {} });
  room.useRelease(all[1]!, '/next/main.js');
  const other = host('south', 9);
  all[1] = other;
  room.giveFiles(other);
  await room.command(other, 'restore');
  assert.deepEqual(written, ['consortium.yaml of south 9', 'hospital.yaml of south 9']);
  assert.deepEqual(ran, ['south by /next/main.js']);
});
