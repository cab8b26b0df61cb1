import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assignPorts } from './ports.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-ports-'));
after(() => rmSync(directory, { recursive: true }));

const listen = () =>
  new Promise<{ port: number; close: () => Promise<void> }>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((done) => server.close(() => done())),
      }),
    );
  });

test('chosen ports differ from each other and are the same at the next start', async () => {
  const wanted = ['peer', 'gateway', 'trainer'].map((name) => ({ name, port: undefined }));
  const first = await assignPorts(join(directory, 'a'), wanted);
  assert.equal(new Set(first.values()).size, 3);
  assert.deepEqual(await assignPorts(join(directory, 'a'), wanted), first);
});

test('a configured port is used as it is and replaces a remembered one', async () => {
  const { port, close } = await listen();
  await close();
  const place = join(directory, 'b');
  await assignPorts(place, [{ name: 'gateway', port: undefined }]);
  assert.equal((await assignPorts(place, [{ name: 'gateway', port }])).get('gateway'), port);
});

test('every port in use is named with its process', async () => {
  const one = await listen();
  const two = await listen();
  try {
    await assert.rejects(
      assignPorts(join(directory, 'c'), [
        { name: 'gateway-north', port: one.port },
        { name: 'gateway-south', port: two.port },
        { name: 'free', port: undefined },
      ]),
      (error: Error) => {
        assert.match(error.message, new RegExp(`gateway-north cannot have port ${one.port}`));
        assert.match(error.message, new RegExp(`gateway-south cannot have port ${two.port}`));
        assert.doesNotMatch(error.message, /free cannot/);
        return true;
      },
    );
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});
