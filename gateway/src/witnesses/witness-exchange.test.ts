import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { type WitnessStatement, writeStatement } from '@consilium/verify';
import { signedStatement } from '@consilium/verify/testing/signed-statement';
import {
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '@consilium/verify/testing/synthetic-channel';
import { Authority, type Signer } from '@consilium/verify/testing/test-authority';
import { WitnessingHospital } from '../testing/witnessing-hospital.ts';
import type { Neighbour } from './witness-exchange.ts';

type Name = 'AMSP' | 'BMSP';
const DAY_MS = 24 * 60 * 60_000;

describe('gateways as witnesses', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let ordererAdmin: Signer;
  let orderers: Signer[];
  let operators: Record<Name, Signer>;
  let channel: SyntheticChannel;
  let directory: string;
  let hospitals: Map<Name, WitnessingHospital>;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    ordererAdmin = await ordererAuthority.issue('admin');
    orderers = [await ordererAuthority.issue('orderer')];
    const issue = (at: number) => organisations[at]!.authority.issue('client', { role: 'operator' });
    operators = { AMSP: await issue(0), BMSP: await issue(1) };
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'witness-'));
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    write(channel, 3);
    hospitals = new Map();
  });

  afterEach(async () => {
    for (const hospital of hospitals.values()) await hospital.end();
    rmSync(directory, { recursive: true });
  });

  const write = (to: SyntheticChannel, count: number) => {
    for (let i = 0; i < count; i++) {
      const key = `row-${to.height}`;
      to.transact({ rows: [{ key, value: '1' }], endorsers: to.peers });
    }
  };
  /** Another hospital's gateway as it is when it is asked. */
  const lazily = (mspId: Name): Neighbour => ({
    mspId,
    ask: (block, signal) => hospitals.get(mspId)!.neighbour.ask(block, signal),
  });
  function open(
    mspId: Name,
    neighbours: readonly Neighbour[] = [lazily(mspId === 'AMSP' ? 'BMSP' : 'AMSP')],
    sent: readonly Uint8Array[] = [],
  ) {
    const folder = join(directory, mspId);
    mkdirSync(folder, { recursive: true });
    const hospital = new WitnessingHospital(folder, { operator: operators[mspId], neighbours, sent });
    hospitals.set(mspId, hospital);
    return hospital;
  }
  async function restart(mspId: Name): Promise<WitnessingHospital> {
    const before = hospitals.get(mspId)!;
    await before.end();
    return open(mspId, undefined, before.sent);
  }
  /** Two hospitals that see these two channels. */
  async function seeing(first: SyntheticChannel, second: SyntheticChannel) {
    const [a, b] = [open('AMSP'), open('BMSP')];
    await a.sees(first);
    await b.sees(second);
    return { a, b };
  }
  const signed = (
    block: number,
    other: Partial<WitnessStatement> = {},
    from = channel,
    signer = operators.BMSP,
  ) => signedStatement(from.blocks[block]!, signer, { genesis: channel.genesis, ...other });
  /** The gateway of BMSP, which answers what a test gives it. */
  const answering = (...answers: (WitnessStatement | Uint8Array)[]): Neighbour => ({
    mspId: 'BMSP',
    ask: async () => {
      const next = answers.shift();
      if (next === undefined) throw new Error('it is away');
      return next instanceof Uint8Array ? next : writeStatement(next);
    },
  });

  it('say to each other up to which block they saw the same history, and a restart keeps it', async () => {
    const { a, b } = await seeing(channel, channel);
    await a.exchange.askAll();
    await b.exchange.askAll();
    const [witnessed] = a.exchange.status();
    assert.equal(witnessed?.mspId, 'BMSP');
    assert.equal(witnessed?.block, 4);
    assert.equal(witnessed?.problem, undefined);
    assert.equal(b.exchange.status()[0]?.block, 4);
    assert.deepEqual(
      a.exchange.agreeingBelow(5).map(({ mspId, header }) => [mspId, header.number]),
      [['BMSP', 4]],
    );
    assert.deepEqual(a.exchange.agreeingBelow(4), []);
    const again = await restart('AMSP');
    assert.equal(again.exchange.status()[0]?.block, 4);
    assert.equal(again.exchange.agreeingBelow(5).length, 1);
  });

  it('keep what is ahead of the own history, and compare it once they are there, also after a restart', async () => {
    const longer = channel.fork();
    write(longer, 2);
    const { a } = await seeing(channel, longer);
    await a.exchange.askAll();
    assert.deepEqual(a.exchange.status(), [{ mspId: 'BMSP', ahead: 6 }]);
    const again = await restart('AMSP');
    assert.deepEqual(again.exchange.status(), [{ mspId: 'BMSP', ahead: 6 }]);
    await again.sees(longer);
    await again.exchange.askAll();
    assert.equal(again.exchange.status()[0]?.block, 6);
    assert.equal(again.exchange.status()[0]?.ahead, undefined);
  });

  it('find that orderers showed two histories to two hospitals, both of them, with both signed headers', async () => {
    const other = channel.fork();
    write(channel, 2);
    write(other, 3);
    const { a, b } = await seeing(channel, other);
    await a.exchange.askAll();
    await b.exchange.askAll();
    // One of them is behind the other's last block: it keeps it, and finds out when it is there.
    assert.equal(a.exchange.status()[0]?.ahead, 7);
    write(channel, 1);
    const seen = b.stops();
    await seen;
    const [alarm] = b.alarms.all();
    assert.match(
      alarm!.text,
      /^orderers signed two blocks 6: the gateways of BMSP and AMSP saw different ones$/,
    );
    assert.equal(alarm!.headers?.own?.signatures.length, 1);
    assert.equal(alarm!.headers?.other.signatures.length, 1);
    assert.notEqual(alarm!.headers?.own?.dataHash, alarm!.headers?.other.dataHash);
    await a.sees(channel);
    await a.exchange.askAll();
    await a.stops();
    const [found] = a.alarms.all();
    assert.match(found!.text, /^orderers signed two blocks 7: the gateways of AMSP and BMSP/);
    assert.equal(found!.headers?.own?.number, 7);
  });

  it('go on saying what they saw after they stopped, and a restart does not forget why', async () => {
    const other = channel.fork();
    write(channel, 1);
    write(other, 1);
    const { a, b } = await seeing(channel, other);
    await a.exchange.askAll();
    await a.stops();
    const again = await restart('AMSP');
    await again.stops();
    assert.match(again.history.status!.problem!, /^orderers signed two blocks 5/);
    await b.exchange.askAll();
    await b.stops();
    assert.equal(b.alarms.all().length, 1);
    await again.exchange.askAll();
    assert.equal(again.alarms.all().length, 1, 'one fork is one alarm');
  });

  it('find where two histories part though each has orderers by now that the other does not know', async () => {
    const other = channel.fork();
    write(channel, 1);
    write(other, 1);
    const newer = await ordererAuthority.issue('orderer');
    const revoked = mspConfig(ordererAuthority, [await ordererAuthority.revoke([newer])]);
    channel.reconfigure(
      (root) => setOrganisationValue(root, 'OrdererMSP', revoked, 'Orderer'),
      [ordererAdmin],
    );
    write(channel, 9);
    for (let i = 0; i < 5; i++) other.add([], [newer]);
    const { a } = await seeing(channel, other);
    const b = hospitals.get('BMSP')!;
    await a.exchange.askAll();
    await a.stops();
    const [alarm] = a.alarms.all();
    assert.match(alarm!.text, /^orderers signed two blocks 5: /);
    assert.equal(alarm!.headers?.other.number, 5);
    assert.ok(b.asked <= 6, 'it asks by halving');
  });

  it('do not stop for a key that orders no more: it is an alarm, with both headers', async () => {
    const retired = await ordererAuthority.issue('orderer');
    const other = channel.fork();
    other.add([], [retired]);
    write(channel, 1);
    const list = mspConfig(ordererAuthority, [await ordererAuthority.revoke([retired])]);
    channel.reconfigure((root) => setOrganisationValue(root, 'OrdererMSP', list, 'Orderer'), [ordererAdmin]);
    const a = open('AMSP', [answering(signed(5, {}, other), signed(5, {}, other))]);
    await a.sees(channel);
    await a.exchange.askAll();
    await a.until(({ alarms }) => alarms.length > 0);
    const [alarm] = a.alarms.all();
    assert.equal(alarm!.stops, false);
    assert.match(alarm!.text, /by a key that the present configuration does not accept/);
    assert.notEqual(alarm!.headers?.own, undefined);
    await a.exchange.askAll();
    write(channel, 1);
    await a.sees(channel);
    assert.equal(a.alarms.all().length, 1);
  });

  it('are not stopped by a neighbour that signs what no orderer did: it is counted and named', async () => {
    const header = { ...channel.blocks[4]!.header, dataHash: Buffer.alloc(32, 7) };
    const lie = signed(4, { header });
    const byPeer = signed(4, { header, orderers: channel.orderersOn(header, [organisations[1]!.peer], 0) });
    // Asked for earlier blocks, it says that it saw others there too.
    const earlier = signed(2, { header: { ...channel.blocks[2]!.header, dataHash: Buffer.alloc(32, 7) } });
    const first = signed(1, { header: { ...channel.blocks[1]!.header, dataHash: Buffer.alloc(32, 7) } });
    const a = open('AMSP', [answering(lie, earlier, first, byPeer, earlier, first, signed(4))]);
    await a.sees(channel);
    await a.exchange.askAll();
    assert.match(
      a.exchange.status()[0]!.problem!,
      /^it signed another block 4: a signature of OrdererMSP does not hold/,
    );
    await a.exchange.askAll();
    assert.deepEqual(a.refusals, ['BMSP orderers', 'BMSP orderers']);
    assert.ok(
      a.lines.some((line) => line.startsWith('the gateway of BMSP as a witness: it signed another block 4')),
    );
    await a.exchange.askAll();
    assert.deepEqual(a.exchange.status()[0]?.block, 4);
    assert.deepEqual(a.alarms.all(), []);
    write(channel, 1);
    await a.sees(channel);
  });

  it('do not count what is not the word of that gateway on this ledger', async () => {
    const auditor = await organisations[1]!.authority.issue('client', { role: 'auditor' });
    const bad: readonly (readonly [WitnessStatement | Uint8Array, string])[] = [
      [signed(4, { channel: 'other' }), 'channel'],
      [signed(4, { genesis: 'ab'.repeat(32) }), 'genesis'],
      [signed(4, {}, channel, operators.AMSP), 'hospital'],
      [signed(4, { mspId: 'CMSP' }), 'hospital'],
      [signed(4, { mspId: 'BMSP' }, channel, operators.AMSP), 'signer'],
      [signed(4, {}, channel, auditor), 'role'],
      [signed(4, { signature: Buffer.from('none') }), 'signature'],
      [signed(4, { at: new Date(Date.now() + DAY_MS).toISOString() }), 'time'],
      [signed(4, { orderers: { ...channel.blocks[4]!.orderers!, signatures: [] } }), 'orderers'],
      [Buffer.from('<html>'), 'unreadable'],
      [Buffer.alloc(3 * 2 ** 20, 0x20), 'unreadable'],
    ];
    const a = open('AMSP', [answering(...bad.map(([answer]) => answer))]);
    await a.sees(channel);
    for (const _ of bad) await a.exchange.askAll();
    assert.deepEqual(
      a.refusals,
      bad.map(([, reason]) => `BMSP ${reason}`),
    );
    assert.equal(a.exchange.status()[0]?.block, undefined);
    assert.deepEqual(a.exchange.agreeingBelow(5), []);
    await a.exchange.askAll();
    assert.match(a.exchange.status()[0]!.problem!, /^it does not answer: it is away/);
    assert.deepEqual(a.alarms.all(), []);
  });

  it('do not take an older word for a newer one, nor a second block of one number that nobody ordered', async () => {
    const at = (ago: number) => new Date(Date.now() - ago).toISOString();
    const newer = signed(4, { at: at(1_000) });
    const header = { ...channel.blocks[4]!.header, dataHash: Buffer.alloc(32, 7) };
    const second = signed(4, { at: at(500), header });
    const a = open('AMSP', [
      answering(newer, signed(3, { at: at(2_000) }), newer, signed(3, { at: at(900) }), second),
    ]);
    await a.sees(channel);
    for (let i = 0; i < 3; i++) await a.exchange.askAll();
    assert.deepEqual(a.refusals, ['BMSP replayed']);
    await a.exchange.askAll();
    assert.equal(
      a.exchange.status()[0]?.block,
      4,
      'a gateway that reads its ledger again is behind for a while',
    );
    await a.exchange.askAll();
    assert.deepEqual(a.refusals, ['BMSP replayed', 'BMSP orderers']);
    assert.equal(a.exchange.status()[0]?.block, 4);
  });

  it('keep one statement of each hospital of the channel, whatever they are sent', async () => {
    const a = open('AMSP', []);
    await a.sees(channel);
    for (let i = 0; i < 100; i++) {
      const block = { ...channel.blocks[4]!.header, number: 1_000 + i };
      await a.exchange.take(signed(4, { header: block }));
      await a.exchange.take(signed(4, { mspId: `Org${i}MSP` }));
    }
    assert.deepEqual(a.exchange.status(), [{ mspId: 'BMSP', ahead: 1_099 }]);
    assert.deepEqual(readdirSync(join(directory, 'AMSP', 'witnesses')), ['BMSP.json']);
    assert.equal(a.refusals.filter((one) => one === 'by hand signer').length, 100);
    assert.equal((await a.exchange.take(signed(4))).result, 'same');
  });

  it('say by hand what became of a statement, in words', async () => {
    const other = channel.fork();
    write(channel, 1);
    write(other, 1);
    const a = open('AMSP', []);
    await a.sees(channel);
    assert.match((await a.exchange.take(signed(4))).text, /^BMSP saw the same history up to block 4\.$/);
    const own = await a.exchange.take(signed(4, {}, channel, operators.AMSP));
    assert.match(own.text, /^The statement of AMSP does not count: it is of this hospital itself\.$/);
    const header = { ...channel.blocks[5]!.header, dataHash: Buffer.alloc(32, 7) };
    const { result, text } = await a.exchange.take(signed(5, { header }));
    assert.equal(result, 'other');
    assert.match(
      text,
      /^BMSP saw another block 5\. Who ordered it is not known here: .* Ask for its statements on earlier/,
    );
    const two = await a.exchange.take(signed(5, {}, other));
    assert.equal(two.result, 'two');
    assert.match(two.text, /Both headers are in GET \/v1\/attention\.$/);
    await a.stops();
  });

  it('compare what came by hand once they are there, also of a hospital that nobody asks', async () => {
    const other = channel.fork();
    write(channel, 1);
    write(other, 2);
    const a = open('AMSP', []);
    await a.sees(channel);
    assert.equal((await a.exchange.take(signed(6, {}, other))).result, 'ahead');
    await a.exchange.judgeAgain();
    assert.deepEqual(a.exchange.status(), [{ mspId: 'BMSP', ahead: 6 }]);
    write(channel, 1);
    await a.sees(channel);
    await a.exchange.judgeAgain();
    await a.stops();
    assert.match(a.alarms.all()[0]!.text, /^orderers signed two blocks 6: /);
  });

  it('drop a kept statement whose certificate was revoked since, and a file that is not what was written', async () => {
    const { a } = await seeing(channel, channel);
    await a.exchange.askAll();
    const list = mspConfig(organisations[1]!.authority, [
      await organisations[1]!.authority.revoke([operators.BMSP]),
    ]);
    channel.reconfigure((root) => setOrganisationValue(root, 'BMSP', list), [organisations[1]!.admin]);
    await a.sees(channel);
    assert.deepEqual(a.exchange.agreeingBelow(9), []);
    writeFileSync(join(directory, 'AMSP', 'witnesses', 'BMSP.json'), '{"witnessed":"{}"}\n');
    writeFileSync(join(directory, 'AMSP', 'witnesses', 'CMSP.json'), 'damaged');
    const again = await restart('AMSP');
    assert.deepEqual(again.exchange.status(), [{ mspId: 'BMSP' }]);
  });
});
