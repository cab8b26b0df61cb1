import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '@consilium/verify/testing/synthetic-channel';
import { Authority, type Signer } from '@consilium/verify/testing/test-authority';
import { PlayedFeed } from '../testing/played-feed.ts';
import { BlockFollower, type FollowerOptions, type FollowerStatus } from './block-follower.ts';
import { LedgerAlarms, numberOf } from './ledger-alarms.ts';
import type { LedgerIndex } from './ledger-index.ts';
import { openIndex } from './open-index.ts';

type Followed = { -readonly [K in keyof FollowerStatus]: FollowerStatus[K] };

/** A follower in a folder of its own, with what it said. */
class Following {
  readonly index: LedgerIndex;
  readonly alarms: LedgerAlarms;
  readonly lines: string[] = [];
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;
  #status: Followed | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(
    directory: string,
    options: Pick<FollowerOptions, 'own'> & Partial<Pick<FollowerOptions, 'others' | 'genesis' | 'behindMs'>>,
  ) {
    this.alarms = new LedgerAlarms(directory);
    const log = (_level: string, text: string) => this.lines.push(text);
    this.index = openIndex({ directory, chaincode: 'consilium', alarms: this.alarms, log });
    this.#done = new BlockFollower({
      others: [],
      ...options,
      index: this.index,
      alarms: this.alarms,
      channel: CHANNEL,
      signal: this.#ending.signal,
      log,
      retryMs: { first: 5, most: 20 },
      patienceMs: 30_000,
      onStatus: (status) => {
        this.#status = status;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    }).run();
  }

  /** Resolves with the first status that is so. */
  async until(wanted: (status: FollowerStatus) => boolean): Promise<FollowerStatus> {
    while (this.#status === undefined || !wanted(this.#status)) await this.#changed.promise;
    return this.#status;
  }

  follows(blocks: number): Promise<FollowerStatus> {
    return this.until((status) => status.state === 'following' && status.blocks === blocks);
  }

  async stops(): Promise<FollowerStatus> {
    const status = await this.until(({ state }) => state === 'stopped');
    await this.#done;
    return status;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#done;
    this.index.close();
  }
}

describe('a channel that is followed', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];
  let channel: SyntheticChannel;
  let directory: string;
  let followings: Following[];

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'follow-'));
    channel = open();
    write('a', 'b', 'c');
    followings = [];
  });

  afterEach(async () => {
    for (const following of followings) await following.end();
    rmSync(directory, { recursive: true });
  });

  const open = (consensus: 'etcdraft' | 'BFT' = 'etcdraft') =>
    new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus });
  const write = (...keys: readonly string[]) =>
    keys.map((key) =>
      blockBytes(channel.transact({ rows: [{ key, value: '1' }], endorsers: channel.peers, seconds: 1e9 })),
    );
  const bytes = () => channel.blocks.map((block) => blockBytes(block));
  function follow(
    ...options: ConstructorParameters<typeof Following> extends [string, infer O] ? [O] : never
  ) {
    const following = new Following(directory, ...options);
    followings.push(following);
    return following;
  }
  /** The alarm that the own peer's blocks raise, which a restart does not forget. */
  async function alarmOf(blocks: readonly Uint8Array[]): Promise<string> {
    const following = follow({ own: new PlayedFeed('AMSP', blocks) });
    const { problem } = await following.stops();
    await following.end();
    followings.pop();
    const own = new PlayedFeed('AMSP', bytes());
    const again = follow({ own });
    const { problem: still } = await again.stops();
    assert.ok(still!.startsWith(problem!), still);
    assert.equal(own.asked, 0);
    assert.ok(again.lines.length === 0 || !again.lines.some((line) => /made again/.test(line)));
    return problem!;
  }

  it('is indexed as it grows, and goes on after a restart where it was', async () => {
    const own = new PlayedFeed('AMSP', bytes());
    const first = follow({ own });
    const { organisations: agreeing } = await first.follows(5);
    assert.deepEqual(agreeing, ['AMSP']);
    own.send(...write('d'));
    await first.follows(6);
    await first.end();
    followings.pop();
    const again = follow({ own });
    own.send(...write('e'));
    await again.follows(7);
    assert.deepEqual(again.index.history.edge(), {
      blocks: 7,
      at: '2001-09-09T01:46:40.000Z',
      organisations: ['AMSP'],
    });
    assert.equal([...again.index.history.transactions({})].length, 6);
  });

  it('is checked after a restart by the configuration of then', async () => {
    const { authority, client, admin } = organisations[0]!;
    const revoked = mspConfig(authority, [await authority.revoke([client])]);
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [admin]);
    const own = new PlayedFeed('AMSP', bytes());
    const first = follow({ own });
    await first.follows(6);
    await first.end();
    followings.pop();
    own.send(...write('d'));
    const { problem } = await follow({ own }).stops();
    assert.match(problem!, /block 6, transaction 0: its sender: .*its certificate is revoked/);
  });

  it('says whose peers sent the same blocks', async () => {
    const [own, other] = [new PlayedFeed('AMSP', bytes()), new PlayedFeed('BMSP', bytes().slice(0, 3))];
    const following = follow({ own, others: [other] });
    await following.follows(5);
    other.send(...bytes().slice(3));
    const both = await following.until((status) => status.organisations.length === 2);
    assert.deepEqual(both.organisations, ['AMSP', 'BMSP']);
    const next = write('d');
    other.send(...next);
    own.send(...next);
    await following.until((status) => status.blocks === 6 && status.organisations.length === 2);
    assert.deepEqual(following.index.history.edge().organisations, ['AMSP', 'BMSP']);
  });

  it('is not indexed further where the own peer sends a block twice, or leaves one out', async () => {
    const [b0, b1, b2, b3] = bytes() as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    assert.match(await alarmOf([b0, b1, b2, b2, b3]), /peer of AMSP, block 2: block 3 is expected here/);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'follow-'));
    assert.match(await alarmOf([b0, b1, b3]), /peer of AMSP, block 3: block 2 is expected here/);
  });

  it('keeps what was checked before the block that does not hold', async () => {
    const blocks = bytes();
    const following = follow({ own: new PlayedFeed('AMSP', [...blocks.slice(0, 4), blocks[1]!]) });
    await following.stops();
    assert.equal(following.index.history.edge().blocks, 4);
  });

  it('is not indexed further after a block of another channel, or of bytes that are none', async () => {
    const other = open('BFT');
    other.add([]);
    other.add([]);
    const foreign = blockBytes(other.blocks[2]!);
    assert.match(await alarmOf([...bytes().slice(0, 2), foreign]), /block 2: it does not follow block 1/);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'follow-'));
    assert.match(await alarmOf([...bytes().slice(0, 2), Buffer.alloc(40, 0xff)]), /block 2: not a readable/);
  });

  it('gives no effect to what the own peer calls invalid for no reason, and that is an alarm, not a stop', async () => {
    const lie = blockBytes(channel.blocks[4]!, [10]);
    const own = new PlayedFeed('AMSP', [...bytes().slice(0, 4), lie]);
    const following = follow({ own });
    const { alarms } = await following.follows(5);
    assert.match(
      alarms[0]!.text,
      /peer of AMSP calls transaction 0 of block 4 invalid, and nothing makes it so/,
    );
    assert.equal(alarms[0]!.stops, false);
    const [last] = [...following.index.history.transactions({})].slice(-1);
    assert.equal(last!.code, 'ENDORSEMENT_POLICY_FAILURE');
    own.send(...write('d'));
    await following.follows(6);
    assert.equal(following.alarms.all().length, 1);
  });

  it('counts what is not kept after a hundred such alarms, in one alarm that says so, also after a restart', async () => {
    const most = 100;
    const more = 7;
    write(...Array.from({ length: most + more }, (_, i) => `k${i}`));
    const [, , , , , ...blocks] = channel.blocks;
    const lies = blocks.map((block) => blockBytes(block, [10]));
    const honest = bytes().slice(0, 5);
    const own = new PlayedFeed('AMSP', [...honest, ...lies.slice(0, most + 4)]);
    const first = follow({ own });
    await first.follows(5 + most + 4);
    await first.end();
    followings.pop();
    own.send(...lies.slice(most + 4));
    const again = follow({ own });
    const { alarms } = await again.until(
      (status) => status.blocks === 5 + most + more && numberOf(status.alarms) === most + more,
    );
    assert.equal(alarms.length, most + 1);
    assert.equal(alarms.at(-1)!.count, more);
    assert.match(
      alarms.at(-1)!.text,
      /the peer of AMSP calls 7 more transactions invalid.* the log names each/,
    );
    assert.equal(alarms.at(-1)!.stops, false);
    for (const at of [most, most + more - 1]) {
      assert.ok([...first.lines, ...again.lines].some((line) => line.includes(`block ${5 + at} invalid`)));
    }
  });

  it('is not indexed further where another peer calls that valid, also after a restart', async () => {
    const [honest, lie] = [bytes(), blockBytes(channel.blocks[4]!, [10])];
    const own = new PlayedFeed('AMSP', [...honest.slice(0, 4), lie]);
    const first = follow({ own });
    await first.follows(5);
    await first.end();
    followings.pop();
    const again = follow({ own, others: [new PlayedFeed('BMSP', honest)] });
    const { problem } = await again.stops();
    assert.match(
      problem!,
      /peer of AMSP calls transaction 0 of block 4 invalid: nothing makes it so, and the one of BMSP/,
    );
  });

  it('takes what peers of two organisations call invalid as their word, and raises no alarm', async () => {
    const lie = blockBytes(channel.blocks[4]!, [10]);
    const [own, other] = ['AMSP', 'BMSP'].map((mspId) => new PlayedFeed(mspId, bytes().slice(0, 4)));
    const following = follow({ own: own!, others: [other!] });
    await following.until(({ organisations: agreeing }) => agreeing.length === 2);
    other!.send(lie);
    own!.send(lie);
    await following.until((status) => status.blocks === 5 && status.organisations.length === 2);
    assert.deepEqual(following.alarms.all(), []);
    assert.ok(
      following.lines.some((line) => /nothing makes it so; the peers of BMSP say the same/.test(line)),
    );
  });

  it('is not indexed further where orderers signed two blocks of one number, and both headers are kept', async () => {
    const [b0, b1, b2, b3] = bytes() as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    channel.blocks.splice(4);
    const [forked] = write('other');
    const own = new PlayedFeed('AMSP', bytes().slice(0, 4));
    const other = new PlayedFeed('BMSP', [b0, b1, b2, b3, forked!]);
    const following = follow({ own, others: [other] });
    await following.until(({ organisations: agreeing }) => agreeing.length === 2);
    channel.blocks.splice(4);
    own.send(...write('c'));
    const { problem, alarms } = await following.stops();
    assert.match(problem!, /orderers signed two blocks 4: the peers of AMSP and BMSP have different ones/);
    assert.equal(following.index.history.edge().blocks, 4);
    const { own: mine, other: theirs } = alarms[0]!.headers!;
    assert.equal(mine!.number, 4);
    assert.equal(mine!.previousHash, theirs.previousHash);
    assert.notEqual(mine!.dataHash, theirs.dataHash);
    assert.equal(theirs.signatures.length, 1);
    const own2 = new PlayedFeed('AMSP', bytes());
    const again = follow({ own: own2, others: [other] });
    await again.stops();
    assert.equal(own2.asked, 0);
  });

  it('goes on where orderers signed two by a key that orders no more: an alarm with both headers, and that peer is not counted', async () => {
    const retired = await ordererAuthority.issue('orderer');
    const fork = channel.fork();
    fork.add([], [retired]);
    write('own');
    const list = mspConfig(ordererAuthority, [await ordererAuthority.revoke([retired])]);
    const admin = await ordererAuthority.issue('admin');
    channel.reconfigure((root) => setOrganisationValue(root, 'OrdererMSP', list, 'Orderer'), [admin]);
    write('later');
    const own = new PlayedFeed('AMSP', bytes());
    const a = follow({ own });
    await a.follows(channel.blocks.length);
    await a.end();
    followings.pop();
    const other = new PlayedFeed(
      'BMSP',
      fork.blocks.map((block) => blockBytes(block)),
    );
    const again = follow({ own, others: [other] });
    await again.until(({ alarms }) => alarms.length > 0);
    const [alarm] = again.alarms.all();
    assert.equal(alarm!.stops, false);
    assert.match(alarm!.text, /the peers of AMSP and BMSP have different ones: by a key that the present/);
    assert.equal(alarm!.headers?.other.number, fork.blocks.length - 1);
    own.send(...write('last'));
    const { organisations: counted } = await again.follows(channel.blocks.length);
    assert.deepEqual(counted, ['AMSP']);
  });

  it('goes on where a peer of another organisation lies, and does not count it any more', async () => {
    const forged = blockBytes(channel.add([], [organisations[1]!.peer]));
    channel.blocks.pop();
    const other = new PlayedFeed('BMSP', [...bytes().slice(0, 4), blockBytes(channel.blocks[4]!, [11])]);
    const third = new PlayedFeed('CMSP', [...bytes(), forged]);
    const own = new PlayedFeed('AMSP', bytes());
    const following = follow({ own, others: [other, third] });
    await following.until(({ alarms }) => alarms.length === 1);
    own.send(...write('d'));
    const { alarms } = await following.until((status) => status.alarms.length === 2);
    assert.match(
      alarms[0]!.text,
      /peer of BMSP, block 4, transaction 0: it says otherwise whether it is valid/,
    );
    assert.match(
      alarms[1]!.text,
      /peer of CMSP, block 5: it is another one than the own peer's, its 1 signatures/,
    );
    own.send(...write('e'));
    const { organisations: agreeing } = await following.follows(7);
    assert.deepEqual(agreeing, ['AMSP']);
    await following.end();
    followings.pop();
    const again = follow({ own, others: [other, third] });
    own.send(...write('f'));
    await again.follows(8);
    assert.equal(JSON.parse(readFileSync(again.alarms.file, 'utf8')).length, 2);
    assert.deepEqual(again.index.history.edge().organisations, ['AMSP']);
  });

  it('is taken up again when a peer is back, and does not need the other ones', async () => {
    const [own, other] = [new PlayedFeed('AMSP', bytes()), new PlayedFeed('BMSP')];
    other.lose();
    const following = follow({ own, others: [other] });
    await following.follows(5);
    own.lose();
    const { problem } = await following.until(({ state }) => state === 'waiting');
    assert.match(problem!, /the peer of AMSP sends no blocks: the peer does not answer/);
    own.send(...write('d'));
    own.lose(false);
    await following.follows(6);
  });

  it('says where the own peer stops sending what another one has', async () => {
    const [own, other] = [new PlayedFeed('AMSP', bytes()), new PlayedFeed('BMSP', bytes())];
    const following = follow({ own, others: [other], behindMs: 20 });
    await following.follows(5);
    const next = write('d');
    other.send(...next);
    const { state, problem } = await following.until((status) => status.problem !== undefined);
    assert.deepEqual(
      [state, problem],
      ['following', 'the peer of AMSP has not sent block 5, which the one of BMSP has'],
    );
    own.send(...next);
    await following.until((status) => status.blocks === 6 && status.problem === undefined);
  });

  it('begins with the genesis block that is asked for, or else the first seen, and no other from then on', async () => {
    const other = open('BFT');
    const foreign = blockBytes(other.blocks[0]!);
    const asked = follow({ own: new PlayedFeed('AMSP', [foreign]), genesis: channel.genesis });
    assert.match((await asked.stops()).problem!, /its digest is .*, and .* is trusted/);
    assert.equal(asked.index.history.edge().blocks, 0);
    await asked.end();
    rmSync(asked.alarms.file);
    followings.pop();
    const first = follow({ own: new PlayedFeed('AMSP', bytes()), genesis: channel.genesis });
    await first.follows(5);
    assert.equal(first.alarms.genesis, channel.genesis);
    await first.end();
    followings.pop();
    const then = follow({ own: new PlayedFeed('AMSP', bytes()), genesis: other.genesis });
    assert.match((await then.stops()).problem!, /this gateway has trusted/);
  });

  it('is recognised after a restart: a peer with another last block is not followed', async () => {
    const first = follow({ own: new PlayedFeed('AMSP', bytes()) });
    await first.follows(5);
    await first.end();
    followings.pop();
    channel.blocks.splice(4);
    write('other', 'more');
    const { problem } = await follow({ own: new PlayedFeed('AMSP', bytes()) }).stops();
    assert.match(problem!, /block 4: it is not the one that was checked before/);
  });

  it('waits where nothing can be written, keeps what was, and goes on when there is room', async () => {
    const own = new PlayedFeed('AMSP', bytes());
    const following = follow({ own });
    await following.follows(5);
    const { database } = following.index;
    const pages = Number(database.prepare('PRAGMA page_count').get()!.page_count);
    database.exec(`PRAGMA max_page_count = ${pages}`);
    own.send(...write(...Array.from({ length: 40 }, (_, i) => `more${i}`)));
    const { problem } = await following.until(({ state }) => state === 'waiting');
    assert.match(problem!, /the index cannot be written \(is the disk of CONSILIUM_DATA_DIR full\?\)/);
    assert.equal(following.alarms.all().length, 0);
    database.exec('PRAGMA max_page_count = 1000000');
    await following.follows(45);
    assert.equal([...following.index.history.transactions({})].length, 44);
  });

  it('is indexed where one block is large', async () => {
    const transactions = Array.from({ length: 300 }, (_, i) =>
      channel.transaction({ rows: [{ key: `k${i}`, value: 'x'.repeat(3000) }], endorsers: channel.peers }),
    );
    channel.add(transactions);
    const following = follow({ own: new PlayedFeed('AMSP', bytes()) });
    await following.follows(6);
    assert.equal([...following.index.history.transactions({})].length, 304);
  });
});
