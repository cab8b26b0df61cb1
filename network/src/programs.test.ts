import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ipfsNodeService } from './hospital/hospital-ipfs.ts';

test('processes of the tool start with the reports of their libraries turned off', async () => {
  const asked = { ORT_DISABLE_TELEMETRY: '0', IPFS_TELEMETRY: 'on' };
  const programs = JSON.stringify(import.meta.resolve('./programs.js'));
  const print = `import { inherited } from ${programs}; console.log(JSON.stringify(inherited()));`;
  const parameters = ['--input-type=module', '--eval', print];
  const env = { ...process.env, ...asked };
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { env });
  const { ORT_DISABLE_TELEMETRY, IPFS_TELEMETRY } = JSON.parse(stdout) as Record<string, string>;
  assert.deepEqual(
    { ORT_DISABLE_TELEMETRY, IPFS_TELEMETRY },
    { ORT_DISABLE_TELEMETRY: '1', IPFS_TELEMETRY: 'off' },
  );

  const node = { kubo: '/usr/bin/ipfs', repo: '/srv/ipfs' };
  const place = { directory: '/srv', organisation: 'clinic1', api: 5001 };
  assert.equal(ipfsNodeService(node, place).environment.IPFS_TELEMETRY, 'off');
});
