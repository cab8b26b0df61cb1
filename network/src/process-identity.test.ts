import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endProcess, identify, isRunning, residentBytes } from './process-identity.ts';

test('a process is known by its number and its beginning', () => {
  const self = identify(process.pid)!;
  assert.ok(isRunning(self));
  assert.ok(!isRunning({ ...self, began: 'another time' }));
  assert.ok(residentBytes(process.pid)! > 1_000_000);
});

test('a foreign process that has the number now is never signalled', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  await once(child, 'spawn');
  const identity = identify(child.pid!)!;
  assert.equal(await endProcess({ ...identity, began: 'long ago' }, { graceMs: 10 }), 'absent');
  assert.ok(isRunning(identity));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(identify(child.pid!), undefined);
  assert.equal(residentBytes(child.pid!), undefined);
});
