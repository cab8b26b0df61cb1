// The runtime's binding is pinned; a training must not rest on how that one treats arrays that it is given.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OTHER_BINDINGS } from '@consilium/onnx-grad/testing/other-binding';

const program = fileURLToPath(new URL('./testing/train-by-seed.js', import.meta.url));
const standIn = import.meta.resolve('@consilium/onnx-grad/testing/other-binding');

async function trained(binding: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', standIn, program], {
    env: { ...process.env, BINDING: binding },
  });
  return stdout;
}

const asPinned = trained('');

for (const [binding, what] of Object.entries(OTHER_BINDINGS)) {
  test(`training gives the same bytes with a binding that ${what}`, async () => {
    const outcome = await trained(binding);
    assert.match(outcome, /^multilayer-perceptron [0-9a-f]{64}\nlogistic-regression [0-9a-f]{64}\n$/);
    assert.equal(outcome, await asPinned);
  });
}
