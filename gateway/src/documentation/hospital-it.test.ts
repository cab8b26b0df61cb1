// The tutorial on exports, as it is pasted: every command of it in one shell, against a gateway over a network of three
// organisations. What it shows as answers is what came.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { DEFAULT_LIMITS } from '../config.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import { CHAINCODE_NAME, FabricNetwork, notRun, registerMember } from '../testing/fabric-network.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const TUTORIAL = readFileSync(join(ROOT, 'docs/tutorials/hospital-it.md'), 'utf8');

/** Blocks of shell with what is shown below each, if anything is. */
function blocksOf(text: string): { readonly commands: string; readonly shown: string | undefined }[] {
  const blocks = [...text.matchAll(/^```(sh)?\n(.*?)^```$/gms)].map(([, kind, body]) => ({
    kind,
    body: body!,
  }));
  return blocks.flatMap(({ kind, body }, at) => {
    const next = blocks[at + 1];
    const shown = next?.kind === undefined ? next?.body : undefined;
    return kind === 'sh' ? [{ commands: body, shown }] : [];
  });
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.on('error', () => resolve(true));
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });

const lacks = ['bash', 'curl', 'jq', 'openssl'].find(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);
const skip = notRun ?? (lacks === undefined ? false : `not run: ${lacks} is not here`);

test('the tutorial on exports does what it says, as it is pasted', { skip }, async (t) => {
  if (!(await isFree(18443))) {
    t.skip('not run: port 18443 of the tutorial is taken');
    return;
  }
  const network = await FabricNetwork.start();
  t.after(() => network.stop());
  const connection = network.connection('Org1MSP');
  const log = pino({ level: 'silent' });
  const ledger = new FabricLedger({ connection, chaincode: CHAINCODE_NAME, limits: DEFAULT_LIMITS, log });
  t.after(() => ledger.close());
  await registerMember(ledger);
  const directory = mkdtempSync(join(tmpdir(), 'hospital-it-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, '.consortium/ledger/organisations/AldermoorMSP.json');
  mkdirSync(dirname(file), { recursive: true });
  const { channel, organisation } = connection;
  writeFileSync(file, JSON.stringify({ channel, organisations: [organisation] }));
  for (const name of ['node_modules', 'scripts', '.tools'])
    symlinkSync(join(ROOT, name), join(directory, name));
  const blocks = blocksOf(TUTORIAL);
  assert.ok(blocks.length > 6);
  const marked = blocks.map(({ commands }, at) => `${commands}\necho "@@@ ${at}"\n`).join('');
  const script = `trap 'kill $RECEIVER $SERVICE 2> /dev/null' EXIT\n${marked}`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, CONSILIUM_CHAINCODE: CHAINCODE_NAME },
    encoding: 'utf8',
  });
  const parts = stdout.split(/@@@ \d+\n/);
  assert.equal(parts.length, blocks.length + 1, `${stdout}\n${stderr}`);
  for (const [at, { shown, commands }] of blocks.entries()) {
    const came = parts[at]!.replaceAll('Org1MSP', 'AldermoorMSP').replaceAll(channel, 'consortium');
    if (shown !== undefined) assert.equal(came, shown, `${commands}\n${stderr}`);
  }
  const nightly = parts[blocks.findIndex(({ commands }) => commands.includes('nightly.sh'))]!;
  assert.match(nightly, /^ +1 MemberRegistered$/m);
  assert.match(nightly, /^0$/m);
});
