// What one member can order to keep all others' transactions from being committed, on real Fabric: see
// docs/concepts/threat-model.md. With one transaction a block, unchanged Fabric withstands all but one of them, and
// repaired Fabric all.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Consortium } from '../config.ts';
import { JUDGED_ORGANISATIONS } from '../conformance/native-network.ts';
import { repository } from '../conformance/suites.ts';
import { inherited } from '../programs.ts';
import { Supervisor } from '../supervisor.ts';
import { findFabric, whyNoFabric } from './binaries.ts';
import { planFabric } from './native-runtime.ts';

const WITHSTOOD = ['misnamed-policy', 'rubbish', 'no-action', 'repeated-policy'];
/** Part of the version that repaired peers are built with: those that do what the threat model asks. */
const REPAIRED = /-repaired\b/;
const run = promisify(execFile);

async function unfit(wanted: RegExp): Promise<string | false> {
  const notRun = whyNoFabric();
  if (notRun !== false) return notRun;
  const { stdout } = await run(findFabric().programs.peer, ['version']);
  return wanted.test(stdout) ? false : 'not run: these peers are as released (see network/README.md)';
}

async function spring(traps: readonly string[], orderer: NonNullable<Consortium['orderer']>) {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-traps-'));
  const consortium: Consortium = {
    name: 'traps',
    channel: 'consortium',
    runtime: 'native',
    organisations: JUDGED_ORGANISATIONS,
    chaincode: { name: 'probe', policy: 'MAJORITY' },
    orderer,
  };
  const workingDirectory = join(repository, 'test-network/conformance/probe-chaincode');
  const probe = { ...consortium.chaincode, version: '1', workingDirectory };
  const plan = () => planFabric(consortium, directory, [probe]);
  const supervisor = new Supervisor({ consortium, directory, report: () => undefined, plan });
  try {
    await supervisor.start();
    const program = join(repository, 'test-network/dist/conformance/spring-trap.js');
    const env = { ...inherited(), CONSILIUM_CONNECTION: join(directory, 'fabric/connection.json') };
    const { stdout } = await run(process.execPath, [program, ...traps], { env });
    const said = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Sprung);
    return said.map(({ trap, code, heights }) => ({ trap, code, together: new Set(heights).size === 1 }));
  } finally {
    await supervisor.stop();
    rmSync(directory, { recursive: true });
  }
}
interface Sprung {
  readonly trap: string;
  readonly code: string | null;
  readonly heights: readonly (number | null)[];
}

const allCommit = (traps: readonly string[]) =>
  traps.map((trap) => ({ trap, code: 'VALID', together: true }));

test('alone in its block, rubbish or a forged or repeated transaction keeps nobody from committing', {
  skip: await unfit(/Version/),
}, async () => {
  assert.deepEqual(await spring(WITHSTOOD, {}), allCommit(WITHSTOOD));
});

test('repaired peers commit whatever shares a block with rubbish', {
  skip: await unfit(REPAIRED),
}, async () => {
  const traps = [...WITHSTOOD, 'empty-action'];
  assert.deepEqual(await spring(traps, { maxMessageCount: 500 }), allCommit(traps));
});
