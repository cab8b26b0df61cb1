// The commands of one hospital as a person or a program meets them, before any Fabric is there.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CommandProcess } from '@consilium/command-line/testing/command-process';
import { stringify } from 'yaml';
import { findHospitalPrograms, whyNoFabric } from '../native/binaries.ts';
import { identify } from '../process-identity.ts';
import { ownFolder } from '../programs.ts';
import { removeState, writeState } from '../state-file.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-hospital-command-'));
after(() => rmSync(root, { recursive: true }));
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 3)) as [Clinic];
});

const commands = new CommandProcess(join(ownFolder, 'dist/src/command-line.js'));
after(() => commands.close());
const run = (...args: string[]) => commands.run({ args });
const hospital = (command: string, ...more: string[]) =>
  run('hospital', command, '--hospital', clinic.path, ...more);

test('each command answers with the digest of consortium.yaml, for people and for programs', async () => {
  const { digest } = clinic.hospital;
  assert.ok((await hospital('found')).stdout.includes(`consortium.yaml ${digest}`));
  const found = JSON.parse((await hospital('found', '--json')).stdout) as Record<string, unknown>;
  assert.equal(found.consortiumSha256, digest);
  assert.match(String(found.genesisSha256), /^[0-9a-f]{64}$/);
  const { status, stdout } = await hospital('status', '--json');
  assert.equal(status, 3);
  const said = JSON.parse(stdout) as { consortiumSha256: string; leads: boolean };
  assert.deepEqual([said.consortiumSha256, said.leads], [digest, false]);
});

test('the status says that the own orderer leads, which is restarted last', async () => {
  const metrics = createServer((_, answer) => answer.end('consensus_BFT_is_leader{channel="wards"} 1\n'));
  await new Promise<void>((resolve) => metrics.listen(0, '127.0.0.1', resolve));
  const { port } = metrics.address() as AddressInfo;
  const file = { ...clinic.hospital.file, ports: { ...clinic.hospital.file.ports, ordererOperations: port } };
  const path = join(dirname(clinic.path), 'leading.yaml');
  writeFileSync(path, stringify(file));
  try {
    assert.match(
      (await run('hospital', 'status', '--hospital', path)).stdout,
      /Its orderer leads the others/,
    );
    assert.doesNotMatch((await hospital('status')).stdout, /leads/);
  } finally {
    metrics.close();
  }
});

test('a doctor that finds something exits with 1, and a hospital that may not start says why', async () => {
  const examined = await hospital('doctor', '--json');
  assert.equal(examined.status, 1);
  assert.ok((JSON.parse(examined.stdout) as { findings: unknown[] }).findings.length > 5);
  const { status, stderr } = await hospital('up');
  assert.equal(status, 2);
  assert.match(stderr, /no channel yet: run `hospital found`|build the agreed version/);
});

test('wrong usage is refused with what would be right', async () => {
  assert.equal((await run('hospital', '--help')).status, 0);
  assert.equal((await run('hospital')).status, 2);
  assert.match((await run('hospital', 'heal', '--hospital', clinic.path)).stderr, /no command hospital heal/);
  assert.match((await run('hospital', 'up')).stderr, /--hospital is missing/);
  assert.match((await hospital('logs', '--service', 'nobody')).stderr, /none of supervisor/);
});

test('nobody is enrolled, revoked or renewed before there are identities, and nothing is left behind', async () => {
  const folder = join(root, 'before-init');
  mkdirSync(folder);
  const path = join(folder, 'hospital.yaml');
  const file = { ...clinic.hospital.file, folder: join(folder, 'place') };
  writeFileSync(
    path,
    stringify({ ...file, consortium: join(root, clinic.hospital.own.name, 'consortium.yaml') }),
  );
  for (const command of [
    ['enrol', '--person', 'anna', '--role', 'steward', '--here'],
    ['enrol', '--person', 'anna', '--role', 'steward'],
    ['revoke', '--what', 'trainer'],
    ['revoke', '--certificate', path],
    ['renew', '--what', 'orderer'],
    ['probe', '--person', 'anna'],
    ['expiry'],
    ['backup', '--to', join(folder, 'backup')],
  ]) {
    const { status, stderr } = await run('hospital', ...command, '--hospital', path);
    assert.equal(status, 2, command.join(' '));
    assert.equal(stderr, 'consilium-network: this organisation has no identities yet: run `hospital init`\n');
  }
  assert.deepEqual(readdirSync(folder), ['hospital.yaml']);
});

test('a certificate is revoked, probed or renewed only where it is said which', async () => {
  const one = /give one of --what ROLE, --person NAME and --certificate FILE/;
  assert.match((await hospital('revoke')).stderr, one);
  const both = await hospital('revoke', '--what', 'trainer', '--certificate', 'x.pem');
  assert.equal(both.status, 2);
  assert.match(both.stderr, one);
  // Whoever writes both means one of them, and the other would stay as it is.
  const person = ['--person', 'anna'];
  assert.match((await hospital('revoke', ...person, '--what', 'trainer')).stderr, one);
  assert.match((await hospital('revoke', ...person, '--certificate', 'x.pem')).stderr, one);
  assert.match(
    (await hospital('lists', '--certificate', 'x.pem')).stderr,
    /run `hospital revoke --certificate FILE`/,
  );
  assert.match(
    (await hospital('revoke', ...person, '--reason', 'lost')).stderr,
    /--reason must be unspecified or/,
  );
  assert.match(
    (await hospital('revoke', '--what', 'orderer')).stderr,
    /--what must be peer or peer1 or admin or operator/,
  );
  assert.match((await hospital('renew')).stderr, /--what is missing: write one of peer, .*orderer/);
  assert.match((await hospital('probe')).stderr, /nothing was revoked here/);
  assert.match(
    (await hospital('probe', '--certificate', 'x', '--identity', 'y')).stderr,
    /give either --identity/,
  );
  assert.match(
    (await hospital('probe', '--certificate', '/nowhere/x.pem')).stderr,
    /cannot read \/nowhere\/x\.pem/,
  );
});

test('a certificate of another hospital, or one that is in use here, is not revoked', {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const foreign = join(
    root,
    'clinic2/place/fabric/organisations/Clinic2MSP/users/admin/msp/signcerts/cert.pem',
  );
  const other = await hospital('revoke', '--certificate', foreign);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /not issued by this hospital's identity authority/);
  const used = foreign.replaceAll('linic2', 'linic1');
  assert.match(
    (await hospital('revoke', '--certificate', used)).stderr,
    /admin@clinic1, which is in use here: revoke WHAT=admin/,
  );
  const host = join(clinic.layout.tls.link, 'server.crt');
  assert.match(
    (await hospital('revoke', '--certificate', host)).stderr,
    /in use by .*: renew that first, and revoke/,
  );
  assert.match(
    (await hospital('revoke', '--certificate', clinic.path)).stderr,
    /no certificate that can be read/,
  );
});

test('nothing is restarted where nothing runs, or where the others are no quorum', async () => {
  const alone = await hospital('restart', '--service', 'orderer-1');
  assert.equal(alone.status, 2);
  assert.match(
    alone.stderr,
    /without this orderer 0 of 3 would answer, and 2 are needed: first bring back Clinic2MSP/,
  );
  const stopped = await hospital('restart', '--service', 'gateway-clinic1');
  assert.equal(stopped.status, 1);
  assert.match(stopped.stderr, /no supervisor answers in .*: is it up\?/);
});

test('a restart of everything leaves alone what somebody stopped', async () => {
  const { directory } = clinic.layout;
  const name = 'peer1-clinic1';
  writeState(directory, {
    ...{ version: 1, name: 'wards', phase: 'running', startedAt: new Date().toISOString() },
    supervisor: identify(process.pid)!,
    services: [
      {
        ...{ name, organisation: 'clinic1', state: 'stopped', process: null, port: 7059, url: null },
        ...{ log: join(directory, `logs/${name}.log`), startedAt: null, restarts: 0, lastExit: null },
      },
    ],
  });
  try {
    const { status, stdout, stderr } = await hospital('restart', '--json');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /peer1-clinic1 is stopped, and stays so/);
    assert.deepEqual(JSON.parse(stdout).restarted, []);
  } finally {
    removeState(directory);
  }
});

test('what a consortium withstands is said without starting anything', async () => {
  const { status, stdout } = await run('config-check', '--config', join(root, 'clinic1/consortium.yaml'));
  assert.equal(status, 0);
  assert.ok(stdout.includes(clinic.hospital.digest));
  assert.match(stdout, /Orderers down: with 3 orderers and BFT, 1 orderer may be down/);
  assert.match(stdout, /not the agreed one; its digest is [0-9a-f]{64}/);
  assert.match((await run('config-check')).stdout, /One operator runs all 4 organisations on one machine/);
});
