// A whole consortium on real Fabric, as an operator runs it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify, stripVTControlCharacters } from 'node:util';
import { program } from '../programs.ts';
import { whyNoFabric } from './binaries.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-native-'));
const main = join(import.meta.dirname, '../main.js');
const directory = join(root, 'consortium');
after(async () => {
  await run(['down', '--dir', directory]);
  rmSync(root, { recursive: true });
});

async function run(
  parameters: readonly string[],
  environment: Record<string, string> = {},
  progress: (err: string) => void = () => undefined,
) {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [main, ...parameters], { cwd: root, env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
    progress(err);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

const config = join(root, 'consortium.yaml');
const yaml = (policy: string) => `
name: two-clinics
channel: consortium
runtime: native
organisations:
  - { name: north, mspId: NorthMSP, title: North Clinic }
  - { name: south, mspId: SouthMSP, title: South Clinic }
chaincode: { name: consilium, policy: "${policy}" }
`;
writeFileSync(config, yaml('MAJORITY'));

/** Through an organisation's gateway, by the key of a role or another key; a body is posted. */
async function ask(organisation: string, key: string, path: string, body?: object): Promise<Response> {
  const { organisations } = JSON.parse(readFileSync(join(directory, 'consortium.json'), 'utf8'));
  const { gatewayUrl, keysFile } = organisations.find((one: { name: string }) => one.name === organisation);
  const { gateway } = JSON.parse(readFileSync(keysFile, 'utf8'));
  const headers = { authorization: `Bearer ${gateway[key] ?? key}` };
  if (body === undefined) return fetch(gatewayUrl + path, { headers });
  const posted = { ...headers, 'content-type': 'application/json' };
  return fetch(gatewayUrl + path, { method: 'POST', body: JSON.stringify(body), headers: posted });
}

/** The example of a route's body in the gateway's own documentation. */
async function example(path: string): Promise<Record<string, unknown>> {
  const { paths } = (await (await ask('north', 'auditor', '/documentation/json')).json()) as OpenApi;
  return paths[path]!.post.requestBody.content['application/json'].example;
}
type Body = { readonly 'application/json': { readonly example: Record<string, unknown> } };
interface OpenApi {
  readonly paths: Readonly<
    Record<string, { readonly post: { readonly requestBody: { readonly content: Body } } }>
  >;
}

/** A person of the organisation north, as its operator enrols one and gives them a key of the gateway. */
async function personOfNorth(person: string, role: string): Promise<string> {
  const folder = join(directory, 'fabric/organisations/NorthMSP');
  const enrol = ['enrol', '--organisation', folder, '--name', person, '--role', role, '--keep'];
  await promisify(execFile)(process.execPath, [program('test-network'), ...enrol]);
  const file = join(directory, 'north/api-keys.json');
  const create = ['key', 'create', '--role', role, '--person', person, '--file', file];
  const made = await promisify(execFile)(process.execPath, [program('gateway'), ...create]);
  return made.stdout.trim();
}

async function ended(work: Promise<Response>, status: number): Promise<Record<string, unknown>> {
  const response = await work;
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
}

test('without binaries, up says which are missing and what to set, and starts nothing', async () => {
  const { code, err } = await run(['up', '--config', config, '--dir', join(root, 'none')], {
    PATH: root,
    FABRIC_BIN_DIR: root,
    FABRIC_CCAAS_BUILDER: '',
  });
  assert.equal(code, 1);
  assert.match(err, /not found: orderer; peer; configtxgen; configtxlator; osnadmin; .*FABRIC_BIN_DIR/);
  const { state } = JSON.parse((await run(['status', '--dir', join(root, 'none'), '--json'])).out);
  assert.equal(state, 'stopped');
});

test('a consortium on real Fabric starts, keeps its ledger over a restart, and takes a new policy and steward', {
  skip: whyNoFabric(),
}, async () => {
  const up = await run(['up', '--config', config, '--dir', directory]);
  assert.equal(up.code, 0, up.err);
  const key = (await (await ask('north', 'operator', '/v1/local/encryption-key')).json()) as object;
  const body = { title: 'North Clinic', ...key };
  assert.equal((await ask('north', 'steward', '/v1/members', body)).status, 403);
  const registered = await ask('north', 'operator', '/v1/members', body);
  assert.equal(registered.status, 201, await registered.text());
  const { processes } = JSON.parse((await run(['status', '--dir', directory, '--json'])).out);
  const names = processes.map(({ name }: { name: string }) => name);
  for (const name of ['orderer-1', 'peer-north', 'peer-south', 'chaincode-north', 'gateway-south']) {
    assert.ok(names.includes(name), name);
  }
  assert.equal((await run(['down', '--dir', directory])).code, 0);

  const ben = await personOfNorth('ben', 'steward');
  writeFileSync(config, yaml("AND('NorthMSP.peer','SouthMSP.peer')"));
  const again = await run(['up', '--config', config, '--dir', directory]);
  assert.equal(again.code, 0, again.err);
  const { items } = (await (await ask('south', 'auditor', '/v1/members')).json()) as {
    items: { title: string }[];
  };
  assert.deepEqual(
    items.map(({ title }) => title),
    ['North Clinic'],
  );
  assert.match(again.out, /consilium has another version or policy .* as sequence 2/);

  const dataset = { ...(await example('/v1/datasets')), consentPolicy: { stewards: 2 } };
  const { datasetId } = await ended(ask('north', 'steward', '/v1/datasets', dataset), 201);
  const study = { ...(await example('/v1/studies')), datasets: [datasetId] };
  const { studyId } = await ended(ask('north', 'researcher', '/v1/studies', study), 201);
  const consents = `/v1/studies/${studyId}/consents`;
  await ended(ask('north', 'steward', `${consents}/${datasetId}/approve`, {}), 200);
  const quote = await ended(ask('north', ben, `${consents}/${datasetId}/quote`), 200);
  const consent = { datasetId, claimedEpsilon: quote.claimedEpsilon };
  const { code } = await ended(ask('north', 'steward', consents, consent), 409);
  assert.equal(code, 'CONSENT_INCOMPLETE');
  const { stewards } = await ended(ask('north', ben, consents, consent), 201);
  assert.deepEqual(stewards, ['ben@north', 'steward@north']);
});

test('a bare ledger is ready when each peer finds peers of all organisations that endorse', {
  skip: whyNoFabric(),
}, async () => {
  const ledger = spawn(process.execPath, [main, 'ledger', '--dir', join(root, 'bare')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const line = await new Promise<string>((resolve, reject) => {
      ledger.stdout.once('data', (chunk) => resolve(String(chunk)));
      ledger.once('close', (code) => reject(new Error(`ended with ${code}`)));
    });
    const { connection } = JSON.parse(line);
    const ask = [program('gateway'), 'ready', '--connection', connection, '--timeout', '0'];
    await promisify(execFile)(process.execPath, ask);
  } finally {
    if (ledger.exitCode === null) {
      ledger.kill('SIGTERM');
      await once(ledger, 'close');
    }
  }
});

/** Kills these processes of the demo in `out` (`kill -9`; its supervisor starts them again). */
function kill(out: string, names: readonly string[]): void {
  const { services } = JSON.parse(readFileSync(join(out, 'consortium/state.json'), 'utf8'));
  const found = services.filter(({ name }: { name: string }) => names.includes(name));
  assert.equal(found.length, names.length);
  for (const { process: one } of found) process.kill(one.pid, 'SIGKILL');
}

/** Which orderer leads, by what the orderers last logged of it. */
function raftLeader(out: string): string {
  const lines = [1, 2, 3].flatMap((id) =>
    readFileSync(join(out, `consortium/logs/orderer-${id}.log`), 'utf8')
      .split('\n')
      .filter((line) => line.includes('Raft leader changed')),
  );
  const last = lines
    .map((line) => stripVTControlCharacters(line))
    .sort()
    .at(-1);
  const leader = /-> ([123])\b(?!.*-> )/.exec(last ?? '')?.[1];
  assert.ok(leader, last);
  return `orderer-${leader}`;
}

test('a demo on three Raft orderers holds although the one that leads is killed in each round', {
  skip: whyNoFabric(),
}, async () => {
  const out = join(root, 'raft-demo');
  const killed: string[] = [];
  const killLeader = (progress: string) => {
    if (!progress.includes(`round ${killed.length + 1} of 2: opened`)) return;
    const leader = raftLeader(out);
    kill(out, [leader]);
    killed.push(leader);
  };
  const parameters = ['--runtime', 'native', '--ordering', 'raft', '--orderers', '3', '--rounds', '2'];
  const logging = { FABRIC_LOGGING_SPEC: 'warn:orderer.consensus.etcdraft=info' };
  const demo = await run(['demo', ...parameters, '--out', out, '--json'], logging, killLeader);
  assert.equal(demo.code, 0, demo.err);
  assert.equal(killed.length, 2);
  assert.notEqual(killed[0], killed[1], 'another one leads once the first is killed');
  const summary = JSON.parse(demo.out);
  assert.deepEqual(summary.network, { runtime: 'native', ordering: 'raft', orderers: 3 });
  assert.equal(summary.holds, true);
});

test('a demo under BFT ordering holds although its leading orderer, a peer and a chaincode process are killed', {
  skip: whyNoFabric(),
}, async () => {
  const out = join(root, 'demo');
  let killed = false;
  const killSome = (progress: string) => {
    if (killed || !progress.includes('round 1 of 2: opened')) return;
    kill(out, ['orderer-1', 'peer-brightwater', 'chaincode-cinderhill']);
    killed = true;
  };
  const parameters = ['--runtime', 'native', '--ordering', 'bft', '--rounds', '2', '--out', out, '--json'];
  const { code, out: text, err } = await run(['demo', ...parameters], {}, killSome);
  assert.equal(code, 0, err);
  assert.ok(killed);
  const summary = JSON.parse(text);
  assert.deepEqual(summary.network, { runtime: 'native', ordering: 'bft' });
  assert.equal(summary.holds, true);
  const { state } = JSON.parse((await run(['status', '--dir', join(out, 'consortium'), '--json'])).out);
  assert.equal(state, 'stopped');
});
