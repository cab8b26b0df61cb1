// The operator's commands on real processes, and a short demo: what a newcomer does.
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
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsortiumStatus, consortiumStatus } from './status.ts';

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

const config = join(root, 'consortium.yaml');
const yaml = (extra = '') => `
name: two-clinics
channel: consortium
runtime: embedded
organisations:
  - { name: north, mspId: NorthMSP, title: North Clinic${extra} }
  - { name: south, mspId: SouthMSP, title: South Clinic }
chaincode: { name: consilium, policy: MAJORITY }
`;
writeFileSync(config, yaml());
const directory = join(root, 'consortium');
after(async () => {
  await run(['down', '--dir', directory]);
  rmSync(root, { recursive: true });
});

const statusNow = async (): Promise<ConsortiumStatus> =>
  JSON.parse((await run(['status', '--dir', directory, '--json'])).out);
const pidOf = (status: ConsortiumStatus, name: string) =>
  status.processes.find((one) => one.name === name)!.pid!;
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

test('up starts everything once, restarts what dies, and down stops it even after a killed supervisor', {
  skip: unbuilt,
}, async () => {
  const up = await run(['up', '--config', config, '--dir', directory]);
  assert.equal(up.code, 0, up.err);
  assert.match(up.out, /gateways ready/);
  assert.match(up.out, /keys of north: .*north\/keys.json/);
  const before = await statusNow();
  assert.equal(before.state, 'running');
  assert.deepEqual(before.processes.map(({ name }) => name).sort(), [
    'chaincode-north',
    'chaincode-south',
    'gateway-north',
    'gateway-south',
    'supervisor',
    'test-network',
    'trainer-north',
    'trainer-south',
  ]);
  const keysFile = join(directory, 'north/keys.json');
  assert.equal(statSync(keysFile).mode & 0o777, 0o600);
  const { gateway, trainer } = JSON.parse(readFileSync(keysFile, 'utf8'));
  const { url } = before.processes.find(({ name }) => name === 'gateway-north')!;
  const members = () =>
    fetch(`${url}/v1/members`, { headers: { authorization: `Bearer ${gateway.auditor}` } });
  assert.deepEqual(await (await members()).json(), { items: [] });

  // The trainer answers its gateway, by role, and nobody who only has the key that both share.
  const local = async (base: string, path: string, key: string) => {
    const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${key}` } });
    return `${answer.status} ${Object.keys((await answer.json()) as object)[0]}`;
  };
  assert.equal(await local(url!, '/v1/local/encryption-key', gateway.auditor), '200 encryptionPublicKey');
  const heldOut = '/local/datasets/none/held-out';
  assert.equal(await local(url!, `/v1${heldOut}`, gateway.steward), '404 type');
  assert.equal(await local(url!, `/v1${heldOut}`, gateway.auditor), '403 type');
  const { url: trainerUrl } = before.processes.find(({ name }) => name === 'trainer-north')!;
  assert.equal(await local(trainerUrl!, heldOut, trainer), '401 type');

  // Each gateway asks the other what it saw, without anybody's doing.
  const witnessed = async (): Promise<{ witnessed: { mspId: string; block?: number }[]; checked: number }> =>
    (
      await fetch(`${url}/v1/ledger`, { headers: { authorization: `Bearer ${gateway.auditor}` } })
    ).json() as never;
  while ((await witnessed()).witnessed[0]?.block === undefined) await sleep(100);
  assert.equal((await witnessed()).witnessed[0]!.mspId, 'SouthMSP');
  const [seen] = (await statusNow()).witnessed.find(({ organisation }) => organisation === 'north')!.by;
  assert.equal(seen?.mspId, 'SouthMSP');
  assert.ok(seen.block >= 1);

  const again = await run(['up', '--config', config, '--dir', directory]);
  assert.equal(again.code, 0);
  assert.match(again.out, /already running/);

  process.kill(pidOf(before, 'gateway-north'), 'SIGKILL');
  // Asked in this process: a command for each look would take longer than the gateway's start.
  const isBack = () => {
    const found = consortiumStatus(directory).processes.find(({ name }) => name === 'gateway-north')!;
    return found.restarts === 1 && found.state === 'running';
  };
  while (!isBack()) await sleep(50);
  assert.equal((await members()).status, 200);
  assert.match(
    readFileSync(join(directory, 'logs/supervisor.log'), 'utf8'),
    /gateway-north was ended by SIGKILL/,
  );

  const last = await statusNow();
  process.kill(pidOf(last, 'supervisor'), 'SIGKILL');
  while (alive(pidOf(last, 'supervisor'))) await sleep(20);
  assert.equal((await statusNow()).state, 'orphaned');
  const down = await run(['down', '--dir', directory]);
  assert.match(down.out, /Stopped 7 processes/);
  for (const { pid } of last.processes) assert.ok(!alive(pid!));
  assert.equal((await run(['status', '--dir', directory])).code, 3);
  assert.match((await run(['down', '--dir', directory])).out, /Nothing was running/);
});

test('a port that another program has is refused with the process and the port, and nothing is left', {
  skip: unbuilt,
}, async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const file = join(root, 'taken.yaml');
  writeFileSync(file, yaml(`, gateway: { port: ${port} }`));
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

test('a short demo holds although a trainer and the ledger are killed in it, and nothing keeps running', {
  skip: unbuilt,
}, async () => {
  const out = join(root, 'demo');
  const killed: string[] = [];
  const killSome = (progress: string) => {
    if (killed.length > 0 || !progress.includes('round 1 of 2: opened')) return;
    const { services } = JSON.parse(readFileSync(join(out, 'consortium/state.json'), 'utf8'));
    for (const { name, process: found } of services) {
      if (name !== 'trainer-brightwater' && name !== 'test-network') continue;
      process.kill(found.pid, 'SIGKILL');
      killed.push(name);
    }
  };
  const { code, out: text, err } = await run(['demo', '--rounds', '2', '--out', out, '--json'], killSome);
  assert.equal(code, 0, err);
  assert.equal(killed.length, 2);
  const summary = JSON.parse(text);
  assert.deepEqual(summary, JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')));
  assert.equal(summary.holds, true);
  assert.equal(summary.hospitals.length, 4);
  assert.equal(summary.model.identicalAt, 4);
  assert.equal(summary.rounds.length, 2);
  assert.ok(summary.ledger.updateRowBytes.largest < 4096);
  assert.ok(summary.pooled.after.auc > summary.pooled.before.auc);
  const { state } = JSON.parse((await run(['status', '--dir', join(out, 'consortium'), '--json'])).out);
  assert.equal(state, 'stopped');
});

test('a demo of which an artefact was changed in IPFS afterwards says so and fails', {
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
  const { code, out: text } = await run(['demo', '--rounds', '1', '--out', out, '--json'], changeOne);
  assert.equal(changed, 1);
  assert.equal(code, 1);
  const summary = JSON.parse(text);
  assert.equal(summary.holds, false);
  const broken = summary.checks.filter((check: { holds: boolean }) => !check.holds);
  assert.match(JSON.stringify(broken), /update of \w+-heart is not what the ledger names/);
  assert.equal(broken.length, 1);
});
