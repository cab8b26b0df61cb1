/** The example that deploys a chaincode of one's own, run as its reader runs it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePorts } from './fixtures/running-network.ts';

const FOLDER = new URL('../../../examples/deploy-chaincode/', import.meta.url).pathname;
const run = promisify(execFile);

test('the example deploys its chaincode and prints what the chaincode answers', async () => {
  const [port] = await freePorts(1);
  const env = { ...process.env, CORE_CHAINCODE_LOGGING_LEVEL: 'error' };
  const script = join(FOLDER, 'deploy-chaincode.js');
  const { stdout } = await run(process.execPath, [script, `127.0.0.1:${port}`], { env });
  assert.equal(stdout.trim().split('\n').at(-1), 'Hello, world');
});

test("the example is short and imports what anybody can: packages by name, and Node's own modules", () => {
  const scripts = readdirSync(FOLDER).filter((file) => file.endsWith('.js'));
  assert.deepEqual(scripts, ['deploy-chaincode.js', 'greetings.js']);
  for (const file of scripts) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    assert.ok(text.trimEnd().split('\n').length <= 30, file);
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!);
    const allowed =
      /^(node:[a-z_]+|@consilium\/test-network|@grpc\/grpc-js|@hyperledger\/fabric-gateway|fabric-shim)$/;
    assert.deepEqual(
      imported.filter((name) => !allowed.test(name)),
      [],
      file,
    );
  }
});
