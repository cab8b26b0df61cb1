// What becomes of a real network whose disk, file or configuration was changed between two starts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoFabric } from './binaries.ts';
import { runNetwork } from './testing/native-command.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-changed-network-'));
const directory = join(root, 'consortium');
const config = join(root, 'consortium.yaml');
after(async () => {
  await runNetwork(['down', '--dir', directory]);
  rmSync(root, { recursive: true });
});

interface Changes {
  readonly runtime?: string;
  readonly channel?: string;
  readonly organisations?: readonly string[];
  readonly orderer?: string;
}

function write({
  runtime = 'native',
  channel = 'consortium',
  organisations = ['north', 'south', 'west'],
  orderer = 'orderer: { ordering: raft, nodes: 3 }',
}: Changes): void {
  const list = organisations.map(
    (name) => `  - { name: ${name}, mspId: ${name[0]!.toUpperCase()}${name.slice(1)}MSP, title: ${name} }`,
  );
  writeFileSync(
    config,
    [
      'name: clinics',
      `channel: ${channel}`,
      `runtime: ${runtime}`,
      'organisations:',
      ...list,
      'chaincode: { name: consilium, policy: MAJORITY }',
      orderer,
      '',
    ].join('\n'),
  );
}

const up = () => runNetwork(['up', '--config', config, '--dir', directory]);
const down = async () => assert.equal((await runNetwork(['down', '--dir', directory])).code, 0);

interface Readiness {
  readonly status: string;
  readonly checks: readonly { readonly name: string; readonly problem?: string }[];
}

async function readiness(organisation: string): Promise<Readiness> {
  const { organisations } = JSON.parse(readFileSync(join(directory, 'consortium.json'), 'utf8'));
  const { gatewayUrl } = organisations.find(({ name }: { name: string }) => name === organisation);
  return (await (await fetch(`${gatewayUrl}/readyz`)).json()) as Readiness;
}

/** Asks until it is as wanted: what a gateway says is some seconds old. */
async function until(organisation: string, isWanted: (found: Readiness) => boolean): Promise<Readiness> {
  let found: Readiness | undefined;
  for (let asked = 0; asked < 120; asked += 1) {
    found = await readiness(organisation);
    if (isWanted(found)) return found;
    await sleep(500);
  }
  assert.fail(JSON.stringify(found));
}

/** Stops processes where they are, so that the supervisor does not start others, and lets them go on. */
async function whileStopped(names: readonly string[], work: () => Promise<void>): Promise<void> {
  const { services } = JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8')) as {
    services: { name: string; process: { pid: number } }[];
  };
  const found = services.filter(({ name }) => names.includes(name));
  assert.equal(found.length, names.length);
  for (const one of found) process.kill(one.process.pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const one of found) process.kill(one.process.pid, 'SIGCONT');
  }
}

const isReady = ({ status }: Readiness) => status === 'ready';
const problemOf = ({ checks }: Readiness) => checks.find(({ problem }) => problem !== undefined);

test('a change of the file while the network runs is said, and not taken for done', {
  skip: whyNoFabric(),
}, async () => {
  write({});
  const first = await up();
  assert.equal(first.code, 0, first.err);
  assert.equal((await up()).code, 0);
  write({ orderer: 'orderer: { ordering: bft }' });
  const again = await up();
  assert.equal(again.code, 1);
  assert.match(again.err, /orderer\.ordering is "bft", and was "raft" at the start/);
});

test('the leading orderer is shown, and another one once it is gone', { skip: whyNoFabric() }, async () => {
  const leading = async () => {
    for (let asked = 0; asked < 120; asked += 1) {
      const { leaders } = JSON.parse((await runNetwork(['status', '--dir', directory, '--json'])).out);
      if (leaders.length === 1) return leaders[0] as string;
      await sleep(500);
    }
    assert.fail('no orderer leads');
  };
  const first = await leading();
  assert.match(
    (await runNetwork(['status', '--dir', directory])).out,
    new RegExp(`leading orderer: ${first}`),
  );
  await whileStopped([first], async () => assert.notEqual(await leading(), first));
});

test('a gateway is not ready without a quorum of orderers, nor while its own peer has no chaincode', {
  skip: whyNoFabric(),
}, async () => {
  await until('north', isReady);
  await whileStopped(['orderer-1', 'orderer-3'], async () => {
    const commit = problemOf(await until('north', (found) => problemOf(found)?.name === 'commit'));
    assert.match(
      commit?.problem ?? '',
      /2 of 3 orderers must elect a leader, and Orderer1MSP's does not answer/,
    );
    assert.doesNotMatch(commit?.problem ?? '', /localhost|:\d/);
  });
  await until('north', isReady);
  await whileStopped(['chaincode-north'], async () => {
    const chaincode = problemOf(await until('north', (found) => problemOf(found)?.name === 'chaincode'));
    assert.match(chaincode?.problem ?? '', /the chaincode consilium/);
    assert.ok(isReady(await until('south', isReady)), 'others go on');
  });
  await until('north', isReady);
  await down();
});

test('a file that is not that of the channel is refused with each difference, and nothing is started', {
  skip: whyNoFabric(),
}, async () => {
  for (const [changes, words] of [
    [{ orderer: 'orderer: { ordering: bft }' }, /ordered by raft, and the file has `ordering: bft`/],
    [{ orderer: 'orderer: { nodes: 1 }' }, /has 3 orderers, and the file 1 → write `nodes: 3`/],
    [{ organisations: ['north', 'south'] }, /has the organisation WestMSP, and the file does not name it/],
    [{ organisations: ['north', 'south', 'west', 'east'] }, /names the organisation EastMSP/],
    [{ channel: 'wards' }, /the channel consortium, and the file has `channel: wards`/],
    [{ runtime: 'embedded', orderer: '' }, /would start an empty one under the same hospitals' data/],
  ] as const) {
    write(changes);
    const { code, err } = await up();
    assert.equal(code, 1, String(words));
    assert.match(err, words);
    const { state } = JSON.parse((await runNetwork(['status', '--dir', directory, '--json'])).out);
    assert.equal(state, 'stopped');
  }
});

test('a peer whose disk was emptied gets its chaincode and approval again, and blocks are cut as the file says', {
  skip: whyNoFabric(),
}, async () => {
  rmSync(join(directory, 'fabric/peers/north/data'), { recursive: true });
  write({ orderer: 'orderer: { ordering: raft, nodes: 3, batchTimeoutMs: 150, maxMessageCount: 5 }' });
  const { code, out, err } = await up();
  assert.equal(code, 0, err);
  assert.match(out, /the peer of north had no consilium installed: installed again/);
  assert.match(out, /north had lost its organisation's approval of consilium.*as sequence 2/);
  assert.match(out, /a block waits for 200ms in the channel, and 150ms in the file: .* is updated/);
  assert.match(out, /holds up to 1 transaction in the channel, and 5 in the file: .* is updated/);
  assert.deepEqual(await readiness('north'), {
    status: 'ready',
    checks: ['peer', 'chaincode', 'endorsement', 'commit'].map((name) => ({ name })),
  });
  await down();
  const again = await up();
  assert.equal(again.code, 0, again.err);
  assert.doesNotMatch(again.out, /sequence|in the channel, and|installed again/);
  await down();
});
