// The operator's commands on real processes, where something is wrong. What they do where nothing is, and how a
// consortium goes on whose processes are killed, is in tutorials.test.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { twoClinics, writeThreeHospitals } from './testing/few-hospitals.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-whole-'));
const repository = join(import.meta.dirname, '../../..');
const parts = ['test-network', 'gateway', 'trainer'].map((name) =>
  join(repository, name, 'dist/src/main.js'),
);
const unbuilt = !parts.every(existsSync) && 'not run: the other packages are not built';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(parameters: readonly string[], progress?: (err: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.js'), ...parameters], { cwd: root });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
    progress?.(err);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

after(() => rmSync(root, { recursive: true }));

test('a port that another program has is refused with the process and the port, and nothing is left', {
  skip: unbuilt,
}, async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const file = join(root, 'taken.yaml');
  writeFileSync(file, twoClinics(`, gateway: { port: ${port} }`));
  const place = join(root, 'taken');
  const { code, err } = await run(['up', '--config', file, '--dir', place]);
  server.close();
  assert.equal(code, 1);
  assert.match(err, new RegExp(`gateway-north cannot have port ${port}`));
  assert.equal(JSON.parse((await run(['status', '--dir', place, '--json'])).out).state, 'stopped');
});

test('wrong usage, a wrong configuration and wrong data files are refused with status 2', async () => {
  writeFileSync(join(root, 'wrong.yaml'), 'name: X');
  const wrong: [string[], RegExp][] = [
    [['fly'], /no command fly/],
    [['demo', '--seed', 'many'], /--seed must be a whole number/],
    [['demo', '--runtime', 'cloud'], /--runtime must be embedded or native, not cloud/],
    [['demo', '--ordering', 'bft'], /--ordering needs --runtime native/],
    [['up', '--config', join(root, 'wrong.yaml')], /organisations is missing/],
    [['demo', '--data', root], /processed.cleveland.data: is not there/],
  ];
  for (const [parameters, message] of wrong) {
    const { code, err } = await run(parameters);
    assert.equal(code, 2, parameters.join(' '));
    assert.match(err, message);
  }
  assert.match((await run(['--help'])).out, /consilium-network up/);
});

test('a demo of which an artefact was changed in IPFS afterwards says so, fails, and leaves nothing', {
  skip: unbuilt,
}, async () => {
  const out = join(root, 'tampered');
  let changed = 0;
  // By age: the oldest block is the model's graph, the next an update.
  const changeOne = (progress: string) => {
    if (changed > 0 || !progress.includes('ModelPublished')) return;
    const blocks = join(out, 'consortium/ledger/ipfs/blocks');
    const files = readdirSync(blocks, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.data'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
    const bytes = readFileSync(files[1]!);
    bytes[bytes.length - 1]! ^= 1;
    chmodSync(files[1]!, 0o644);
    writeFileSync(files[1]!, bytes);
    changed += 1;
  };
  const demo = [
    'demo',
    '--data',
    writeThreeHospitals(join(root, 'own')),
    '--rounds',
    '1',
    '--out',
    out,
    '--json',
  ];
  const { code, out: text } = await run(demo, changeOne);
  assert.equal(changed, 1);
  assert.equal(code, 1);
  const summary = JSON.parse(text);
  assert.deepEqual(summary, JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')));
  assert.deepEqual([summary.holds, summary.data.kind, summary.hospitals.length], [false, 'own-files', 3]);
  const broken = summary.checks.filter((check: { holds: boolean }) => !check.holds);
  assert.match(JSON.stringify(broken), /update of \w+-patients is not what the ledger names/);
  assert.equal(broken.length, 1);
  const { state } = JSON.parse((await run(['status', '--dir', join(out, 'consortium'), '--json'])).out);
  assert.equal(state, 'stopped');
});
