// How hospitals come to agree on the chaincode, and get an approval back that a peer lost: with a lifecycle in memory
// that refuses what Fabric's refuses.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FabricCommandError } from '../native/fabric-commands.ts';
import {
  type Agreement,
  agreeOnChaincode,
  approveForOthers,
  approveOnceForOthers,
  installChaincode,
  OtherChaincodeError,
} from './chaincode-agreement.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-agreement-'));
after(() => rmSync(root, { recursive: true }));
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 3);
});

const LOST = 'private data matching public hash version is not available';
const refuse = (why: string): never => {
  throw new FabricCommandError(why);
};

/** What all peers know of one chaincode, and each of its own organisation. */
class Lifecycle {
  committed: { name: string; sequence: number; version: string } | undefined;
  /** Hashes of approvals, by sequence: every peer has these. */
  readonly hashes = new Map<number, Map<string, string>>();
  /** What each organisation's own peer holds, as `sequence definition`. */
  readonly own = new Map<string, Set<string>>();
  readonly away = new Set<string>();
  /** Orderers that take what is sent to them, of which nothing comes. */
  readonly stuck = new Set<string>();
  looks = 0;
  /** Called before somebody's approvals are looked at. */
  beforeReadiness: () => void = () => undefined;

  at({ hospital, layout }: Clinic, version = hospital.consortium.chaincode.version): Agreement {
    const { mspId } = hospital.own;
    const peer = async (_: unknown, ...words: string[]) => this.#answer(mspId, words);
    const package_ = { id: `consilium:${mspId}`, bytes: Buffer.alloc(0) };
    const chaincode = { ...hospital.consortium.chaincode, version };
    return { chaincode, layout, commands: { peer }, package: package_ } as unknown as Agreement;
  }

  wipe(mspId: string): void {
    this.own.delete(mspId);
  }

  runs(mspId: string): boolean {
    const { sequence, version } = this.committed ?? {};
    return this.own.get(mspId)?.has(`${sequence} ${version}`) === true;
  }

  #answer(mspId: string, [, , command, ...flags]: readonly string[]): string {
    const flag = (name: string) => flags[flags.indexOf(name) + 1]!;
    if (command === 'querycommitted') this.looks += 1;
    if (command === 'querycommitted')
      return JSON.stringify({ chaincode_definitions: this.committed === undefined ? [] : [this.committed] });
    const [sequence, version] = [Number(flag('--sequence')), flag('--version')];
    const approvals = this.hashes.get(sequence) ?? new Map<string, string>();
    if (command === 'checkcommitreadiness') {
      this.beforeReadiness();
      const next = (this.committed?.sequence ?? 0) + 1;
      if (sequence !== next)
        refuse(`requested sequence is ${sequence}, but new definition must be sequence ${next}`);
      const of = clinics.map(({ hospital: { own } }) => [own.mspId, approvals.get(own.mspId) === version]);
      return JSON.stringify({ approvals: Object.fromEntries(of) });
    }
    if (this.away.has(flag('--orderer')))
      refuse('got unexpected status: BAD_REQUEST -- channel does not exist');
    if (this.stuck.has(flag('--orderer'))) refuse('Error: timed out waiting for txid on all peers');
    if (command === 'commit') {
      const count = [...approvals.values()].filter((one) => one === version).length;
      if (count * 2 <= clinics.length) refuse('not agreed to by enough');
      this.committed = { name: 'consilium', sequence, version };
      return '';
    }
    const held = this.own.get(mspId) ?? new Set();
    if (approvals.get(mspId) === version && !held.has(`${sequence} ${version}`)) refuse(LOST);
    if (held.has(`${sequence} ${version}`)) refuse(this.#unchanged(sequence));
    const present = this.committed?.sequence ?? 0;
    if (sequence !== present && sequence !== present + 1) refuse(`requested sequence is ${sequence}`);
    this.hashes.set(sequence, approvals.set(mspId, version));
    this.own.set(mspId, held.add(`${sequence} ${version}`));
    return '';
  }

  /** Fabric's words to an approval that it has. */
  #unchanged(sequence: number): string {
    return sequence === this.committed?.sequence
      ? `attempted to redefine the current committed sequence (${sequence}) for namespace consilium`
      : `attempted to redefine uncommitted sequence (${sequence}) for namespace consilium with unchanged content`;
  }
}

function options(signal = new AbortController().signal) {
  const said: string[] = [];
  return { said, options: { signal, report: (line: string) => said.push(line), lookEveryMs: 1 } };
}
const agreeAll = (lifecycle: Lifecycle, some = clinics) =>
  Promise.all(some.map((clinic) => agreeOnChaincode(lifecycle.at(clinic), options().options)));

test('hospitals that start one after the other agree once a majority has approved', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle, clinics.slice(0, 2));
  assert.equal(lifecycle.committed?.sequence, 1);
  await agreeAll(lifecycle, clinics.slice(2));
  assert.ok(lifecycle.runs('Clinic3MSP'));
});

test('an approval goes through another orderer where the own one does not order yet', async () => {
  const lifecycle = new Lifecycle();
  lifecycle.away.add('clinic3.consilium.test:7050');
  await agreeAll(lifecycle);
  assert.ok(lifecycle.runs('Clinic3MSP'));
  for (const at of [1, 2]) lifecycle.away.add(`clinic${at}.consilium.test:7050`);
  lifecycle.wipe('Clinic3MSP');
  const stop = new AbortController();
  const { said, options: own } = options(stop.signal);
  const waiting = agreeOnChaincode(lifecycle.at(clinics[2]!), own);
  while (!said.some((line) => line.includes('channel does not exist'))) await new Promise(setImmediate);
  stop.abort(new Error('stopped'));
  await assert.rejects(waiting, /stopped|aborted/);
});

test('an approval that an orderer takes and never orders goes through another, and so does the commit', async () => {
  const lifecycle = new Lifecycle();
  lifecycle.stuck.add('clinic3.consilium.test:7050');
  await agreeAll(lifecycle, [clinics[2]!, clinics[0]!]);
  assert.ok(lifecycle.runs('Clinic3MSP'));
  for (const at of [1, 2]) lifecycle.stuck.add(`clinic${at}.consilium.test:7050`);
  lifecycle.wipe('Clinic3MSP');
  const stop = new AbortController();
  const { said, options: own } = options(stop.signal);
  const waiting = agreeOnChaincode(lifecycle.at(clinics[2]!), own);
  while (!said.some((line) => line.includes('timed out waiting for txid'))) await new Promise(setImmediate);
  stop.abort(new Error('stopped'));
  await assert.rejects(waiting, /stopped|aborted/);
});

test('a peer whose disk was emptied runs the chaincode again, when the others run', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  lifecycle.wipe('Clinic2MSP');
  const stop = new AbortController();
  const helping = [clinics[0]!, clinics[2]!].map((clinic) => {
    const { options: own } = options(stop.signal);
    return approveForOthers(lifecycle.at(clinic), own);
  });
  const { said, options: own } = options();
  await agreeOnChaincode(lifecycle.at(clinics[1]!), own);
  assert.equal(lifecycle.committed?.sequence, 2);
  assert.ok(lifecycle.runs('Clinic2MSP'));
  assert.match(said[0]!, /has lost this organisation's approval .* as sequence 2/);
  while (!clinics.every(({ hospital }) => lifecycle.runs(hospital.own.mspId)))
    await new Promise(setImmediate);
  stop.abort(new Error('stopped'));
  await Promise.all(helping.map((one) => assert.rejects(one, /stopped|aborted/)));
  assert.equal(lifecycle.committed?.sequence, 2);
});

test('an approval that the second peer gives back is waited for, and nothing is approved again', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  const [one] = clinics as [Clinic];
  const { mspId } = one.hospital.own;
  const held = lifecycle.own.get(mspId)!;
  lifecycle.wipe(mspId);
  const agreement = lifecycle.at(one);
  const layout = { ...one.layout, secondPeer: one.layout.peer };
  const { said, options: waiting } = options();
  const report = (line: string) => {
    said.push(line);
    // As the other peer does within a minute.
    lifecycle.own.set(mspId, held);
  };
  await agreeOnChaincode({ ...agreement, layout }, { ...waiting, report });
  assert.equal(lifecycle.committed?.sequence, 1);
  assert.match(said[0]!, /which the second peer gives back/);
});

test('where neither peer has the approval, it is lost after a while', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  const [one, ...others] = clinics as [Clinic, ...Clinic[]];
  lifecycle.wipe(one.hospital.own.mspId);
  const layout = { ...one.layout, secondPeer: one.layout.peer };
  const stop = new AbortController();
  const help = others.map((other) => approveForOthers(lifecycle.at(other), options(stop.signal).options));
  const { said, options: waiting } = options();
  await agreeOnChaincode({ ...lifecycle.at(one), layout }, waiting);
  stop.abort();
  await Promise.allSettled(help);
  assert.equal(lifecycle.committed?.sequence, 2);
  assert.ok(said.some((line) => line.includes('as sequence 2')));
});

test('the package is installed at each own peer that lacks it', async () => {
  const [{ layout }] = clinics as [Clinic];
  const secondPeer = { ...layout.peer, home: `${layout.peer.home}1` };
  const asked: string[] = [];
  const peer = async ({ home }: { home: string }, ...[, , command]: string[]) => {
    asked.push(`${command} ${home === layout.peer.home ? 'first' : 'second'}`);
    return home === layout.peer.home ? 'Package ID: consilium:1, Label: x' : 'none';
  };
  const package_ = { id: 'consilium:1', bytes: Buffer.alloc(0) };
  const { chaincode } = clinics[0]!.hospital.consortium;
  const agreement = { chaincode, layout: { ...layout, secondPeer }, commands: { peer }, package: package_ };
  await installChaincode(agreement as unknown as Agreement);
  assert.deepEqual(asked, ['queryinstalled first', 'queryinstalled second', 'install second']);
});

test('what somebody commits between two looks is no problem to report', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  const { version } = clinics[0]!.hospital.consortium.chaincode;
  lifecycle.beforeReadiness = () => {
    lifecycle.committed = { name: 'consilium', sequence: 2, version };
    lifecycle.beforeReadiness = () => undefined;
  };
  const stop = new AbortController();
  const { said, options: own } = options(stop.signal);
  const helping = approveForOthers(lifecycle.at(clinics[0]!), own);
  for (const enough = lifecycle.looks + 3; lifecycle.looks < enough; ) await new Promise(setImmediate);
  stop.abort(new Error('stopped'));
  await assert.rejects(helping, /stopped|aborted/);
  assert.deepEqual(said, []);
});

test('who does not stay looks once at what the others approved, and ends', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  const { signal } = new AbortController();
  const said: string[] = [];
  const look = () =>
    approveOnceForOthers(lifecycle.at(clinics[0]!), { signal, report: (line) => said.push(line) });
  await look();
  assert.deepEqual(said, []);
  const { version } = clinics[0]!.hospital.consortium.chaincode;
  lifecycle.hashes.set(2, new Map([['Clinic2MSP', version]]));
  await look();
  assert.equal(said.length, 1);
  assert.match(said[0]!, /^Clinic2MSP approved .* as it is as sequence 2: approved here too/);
});

test('nobody approves by itself what the channel does not have, and another version ends the help', async () => {
  const lifecycle = new Lifecycle();
  await agreeAll(lifecycle);
  lifecycle.hashes.set(2, new Map([['Clinic2MSP', '9.9.9']]));
  const stop = new AbortController();
  const { said, options: own } = options(stop.signal);
  const helping = approveForOthers(lifecycle.at(clinics[0]!), own);
  for (const enough = lifecycle.looks + 5; lifecycle.looks < enough; ) await new Promise(setImmediate);
  assert.deepEqual(said, []);
  assert.equal(lifecycle.hashes.get(2)!.has('Clinic1MSP'), false);
  lifecycle.committed = { name: 'consilium', sequence: 2, version: '9.9.9' };
  await assert.rejects(helping, OtherChaincodeError);
  stop.abort();
});
