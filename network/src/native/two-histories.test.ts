// A real orderer that shows two histories: its data is copied, and it is started twice, each time with what other
// hospitals send it. Both are signed by its own key, and both hospitals find it out.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, compareHistories, type ShownHistory } from '@consilium/verify';
import { genesisSha256Of } from '../genesis-digest.ts';
import { whyNoFabric } from './binaries.ts';
import { runNetwork } from './testing/native-command.ts';

const STATEMENT = '/v1/ledger/witness-statement';
const root = mkdtempSync(join(tmpdir(), 'consilium-two-histories-'));
const directory = join(root, 'consortium');
const kept = (name: string) => join(root, name);
after(async () => {
  await runNetwork(['down', '--dir', directory]);
  rmSync(root, { recursive: true });
});

const config = join(root, 'consortium.yaml');
writeFileSync(
  config,
  `name: two-clinics
channel: consortium
runtime: native
organisations:
  - { name: north, mspId: NorthMSP, title: North Clinic }
  - { name: south, mspId: SouthMSP, title: South Clinic }
chaincode: { name: consilium, policy: MAJORITY }
`,
);

type Name = 'north' | 'south';

async function ask(name: Name, path: string, body?: string, type = 'application/json'): Promise<Response> {
  const { organisations } = JSON.parse(readFileSync(join(directory, 'consortium.json'), 'utf8'));
  const { gatewayUrl, keysFile } = organisations.find((one: { name: string }) => one.name === name);
  const { gateway } = JSON.parse(readFileSync(keysFile, 'utf8'));
  const headers = { authorization: `Bearer ${gateway.operator}`, 'content-type': type };
  return fetch(gatewayUrl + path, body === undefined ? { headers } : { method: 'POST', body, headers });
}

async function up(): Promise<void> {
  const { code, err } = await runNetwork(['up', '--config', config, '--dir', directory]);
  assert.equal(code, 0, err);
}
const down = () => runNetwork(['down', '--dir', directory]);

/** Registers an organisation as a member, and waits until its gateway has checked that block. */
async function register(name: Name): Promise<void> {
  const key = (await (await ask(name, '/v1/local/encryption-key')).json()) as object;
  const answer = await ask(name, '/v1/members', JSON.stringify({ ...key, title: name }));
  assert.equal(answer.status, 201, await answer.text());
  await checkedWhole(name);
}

/** Waits until a gateway has checked all that its peer has. */
async function checkedWhole(name: Name): Promise<void> {
  for (;;) {
    const { height, checked } = (await (await ask(name, '/v1/ledger')).json()) as Record<string, number>;
    if (height !== undefined && height === checked) return;
    await sleep(100);
  }
}

/** What its gateway saw of a block. */
async function statement(name: Name, block: number): Promise<string> {
  const answer = await ask(name, `${STATEMENT}?block=${block}`);
  assert.equal(answer.status, 200);
  return answer.text();
}

function shown(file: string, genesis: string): ShownHistory {
  const checked = checkHistory(Buffer.from(file, 'utf8'), { genesis });
  assert.ok('history' in checked, JSON.stringify(checked));
  return checked.history;
}

/** A hospital is given what another one saw: it is an alarm, with both headers, and its gateway is not ready. */
async function findsTwo(name: Name, file: string): Promise<void> {
  await checkedWhole(name);
  const answer = await ask(name, STATEMENT, file, 'application/x-ndjson');
  const { result, text } = (await answer.json()) as { result: string; text: string };
  assert.equal(result, 'two', text);
  const ready = async () => (await ask(name, '/readyz')).text();
  while (!/orderers signed two blocks/.test(await ready())) await sleep(100);
  const { alarms } = (await (await ask(name, '/v1/attention')).json()) as {
    alarms: { headers: Record<'own' | 'other', { dataHash: string; signatures: object[] }> }[];
  };
  const { own, other } = alarms[0]!.headers;
  assert.notEqual(own.dataHash, other.dataHash);
  assert.deepEqual([own.signatures.length, other.signatures.length], [1, 1]);
}

test('an orderer whose key signs two histories is found by both hospitals that were shown one each', {
  skip: whyNoFabric(),
}, async () => {
  await up();
  await down();
  cpSync(directory, kept('before'), { recursive: true });
  await up();
  await register('north');
  const { height } = (await (await ask('north', '/v1/ledger')).json()) as { height: number };
  const block = height - 1;
  const ofNorth = await statement('north', block);
  await down();
  renameSync(directory, kept('of-north'));

  cpSync(kept('before'), directory, { recursive: true });
  await up();
  await register('south');
  const ofSouth = await statement('south', block);
  const genesis = genesisSha256Of(directory)!;
  const comparison = compareHistories(shown(ofNorth, genesis), shown(ofSouth, genesis));
  assert.equal(comparison.result === 'two' && comparison.block, block);
  await findsTwo('south', ofNorth);
  await down();

  renameSync(directory, kept('of-south'));
  renameSync(kept('of-north'), directory);
  await up();
  await findsTwo('north', ofSouth);
});
