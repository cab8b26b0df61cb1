import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { blockBytes } from '../testing/block-bytes.ts';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { Message } from '../wire/protobuf-reader.ts';
import { ChannelChecker, type CheckedSoFar, ordererProblem } from './channel-checker.ts';
import { readBlock } from './fabric-block.ts';
import { MemoryState } from './memory-state.ts';

const { common } = fabricProtos;

describe('a channel that is checked block by block', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
  });

  const open = (consensus: 'etcdraft' | 'BFT' = 'etcdraft') =>
    new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus });
  const row = (key: string, value = '1') => ({ key, value });

  /** Checks all blocks, with a checker of its own for each: as after a restart at each block. */
  function checkAll(channel: SyntheticChannel, state = new MemoryState(), codes?: readonly number[]) {
    let from: CheckedSoFar | undefined;
    return channel.blocks.map((block, i) => {
      const bytes = blockBytes(block, i === channel.height - 1 ? codes : undefined);
      const checker = new ChannelChecker({ channel: CHANNEL, genesis: channel.genesis, state }, from);
      const checked = checker.check(readBlock(bytes));
      const { hash, configurationBlock } = checked;
      const configuration = blockBytes(channel.blocks[configurationBlock]!);
      from = { blocks: checker.blocks, hash, configurationBlock, configuration };
      return checked;
    });
  }
  const problemOf = (channel: SyntheticChannel, codes?: readonly number[]): string => {
    try {
      checkAll(channel, new MemoryState(), codes);
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('says of each transaction who sent it, what it asked and wrote, and who endorsed it', () => {
    const channel = open();
    const { client } = organisations[1]!;
    const input = ['study:propose', '{"studyId":"s"}'];
    channel.transact({
      rows: [row('a')],
      endorsers: channel.peers,
      sender: client,
      input,
      seconds: 1_700_000_000,
    });
    const { number, transactions } = checkAll(channel).at(-1)!;
    assert.equal(number, 2);
    const [only] = transactions;
    assert.deepEqual(
      only!.input.map((one) => Buffer.from(one).toString()),
      input,
    );
    assert.equal(only!.sender.mspId, 'BMSP');
    assert.match(only!.sender.commonName!, /^client/);
    assert.deepEqual([only!.milliseconds, only!.code], [1_700_000_000_000, 0]);
    assert.deepEqual(only!.endorsers, ['AMSP', 'BMSP', 'CMSP']);
    assert.deepEqual(only!.writes, [{ namespace: 'consilium', key: 'a', value: new Uint8Array([49]) }]);
  });

  it('goes on after a restart with the configuration of then', async () => {
    const channel = open();
    const { authority, admin, client } = organisations[0]!;
    const revoked = mspConfig(authority, [await authority.revoke([client])]);
    channel.transact({ rows: [row('a')], endorsers: channel.peers });
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [admin]);
    channel.transact({ rows: [row('b')], endorsers: channel.peers, sender: organisations[1]!.client });
    assert.deepEqual(
      checkAll(channel).map(({ configurationBlock }) => configurationBlock),
      [0, 0, 0, 3, 3],
    );
    channel.transact({ rows: [row('c')], endorsers: channel.peers, sender: client });
    assert.match(problemOf(channel), /its certificate is revoked/);
  });

  it('passes over endorsements that are none, as peers do, however many a sender adds', () => {
    const channel = open();
    const alsoEndorsedBy = [Buffer.of(0xff), Buffer.alloc(0), ...Array(50_000).fill(Buffer.of(0x12, 0))];
    const response = 'x'.repeat(2 ** 20);
    channel.transact({ rows: [row('a')], endorsers: channel.peers, alsoEndorsedBy, response });
    const [only] = checkAll(channel).at(-1)!.transactions;
    assert.deepEqual([only!.code, only!.endorsers], [0, ['AMSP', 'BMSP', 'CMSP']]);
    channel.transact({ rows: [row('b')], endorsers: [], alsoEndorsedBy });
    assert.match(problemOf(channel), /its endorsements of b are not those/);
  });

  it('writes nothing of a transaction that is invalid, and says why peers found it so', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: channel.peers });
    channel.transact({ rows: [row('a', '2')], endorsers: channel.peers });
    const state = new MemoryState();
    const [only] = checkAll(channel, state, [11]).at(-1)!.transactions;
    assert.deepEqual([only!.code, only!.writes.length], [11, 0]);
    assert.deepEqual(Buffer.from(state.value('consilium', 'a')!).toString(), '1');
    assert.match(problemOf(channel, [0]), /read as absent what was there/);
  });

  it('names what is called invalid for no reason that is known, gives it no effect, and goes on', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: channel.peers });
    const state = new MemoryState();
    const { unexplained, transactions } = checkAll(channel, state, [10]).at(-1)!;
    assert.deepEqual(
      [unexplained, transactions[0]!.writes, state.value('consilium', 'a')],
      [[0], [], undefined],
    );
  });

  it('refuses a block without flags', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: channel.peers });
    assert.match(problemOf(channel, []), /1 transactions, and flags of 0/);
  });

  it('is not stopped by what a member writes as no one else would, and peers take', () => {
    const channel = open();
    const sender = organisations[1]!.client;
    const plain = channel.transaction({
      rows: [row('a')],
      endorsers: channel.peers,
      sender,
      seconds: 2 ** 62,
    });
    const payload = new Message('envelope', plain).bytes(1);
    // An empty header and other data before its own, and a group of a number that no message has.
    const odd = Buffer.concat([Buffer.from('0a001201ffbb06bc06', 'hex'), payload]);
    const envelope = new common.Envelope();
    envelope.setPayload(odd);
    envelope.setSignature(sender.sign(odd));
    channel.add([envelope.serializeBinary()]);
    const [only] = checkAll(channel).at(-1)!.transactions;
    assert.equal(only!.writes.length, 1);
    assert.equal(new Date(only!.milliseconds).getUTCFullYear(), 275760);
  });

  it('takes the id of a transaction as used whatever became of it, as Fabric does', () => {
    const channel = open();
    const once = channel.transaction({ rows: [row('a')], endorsers: channel.peers.slice(0, 1) });
    channel.add([once]);
    channel.blocks[2] = { ...channel.blocks[2]!, invalid: [0] };
    assert.equal(problemOf(channel, [10]), 'none');
    const nonce = Buffer.alloc(24, 7);
    const first = channel.transaction({ rows: [row('b')], endorsers: channel.peers.slice(0, 1), nonce });
    const second = channel.transaction({ rows: [row('b')], endorsers: channel.peers, nonce });
    channel.add([first]);
    channel.blocks[3] = { ...channel.blocks[3]!, invalid: [0] };
    channel.add([second]);
    assert.equal(problemOf(channel, [9]), 'none');
    assert.match(problemOf(channel, [0]), /its id was used before/);
    // In one block the first was not endorsed: the second has the id to itself.
    const both = open();
    both.add([first, second]);
    assert.equal(problemOf(both, [10, 0]), 'none');
    both.add([second]);
    both.blocks[2] = { ...both.blocks[2]!, invalid: [0] };
    assert.equal(problemOf(both, [9]), 'none');
  });

  it('finds rows that a range was read without, wherever they are among many', () => {
    const channel = open();
    const keys = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(3, '0')}`);
    channel.transact({ rows: keys.map((key) => row(key)), endorsers: channel.peers });
    const read = (from: number, to: number, leftOut: readonly number[] = []) => ({
      start: keys[from]!,
      end: keys[to]!,
      reads: keys
        .slice(from, to)
        .filter((_, i) => !leftOut.includes(from + i))
        .map((key) => ({ key, version: { block: 2, place: 0 } })),
    });
    const problem = (range: ReturnType<typeof read>) => {
      channel.transact({ rows: [row('other')], ranges: [range], endorsers: channel.peers });
      const found = problemOf(channel);
      channel.blocks.pop();
      return found;
    };
    assert.equal(problem(read(100, 120)), 'none');
    assert.match(problem(read(100, 120, [110])), /read a range without k110/);
    assert.match(problem(read(100, 120, [100])), /read a range without k100/);
    assert.equal(problem(read(0, 50)), 'none');
  });

  it('takes the word of peers for a transaction that read a range of which a digest is shown', () => {
    const channel = open();
    const ranges = [{ start: 'a', end: 'b' }];
    channel.transact({ rows: [row('other')], ranges, endorsers: channel.peers });
    assert.equal(problemOf(channel, [12]), 'none');
    assert.equal(problemOf(channel, [0]), 'none');
  });

  it('refuses a block twice, one left out, and one of another channel', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: channel.peers });
    channel.transact({ rows: [row('b')], endorsers: channel.peers });
    const other = open();
    other.transact({ rows: [row('a')], endorsers: channel.peers });
    const problem = (blocks: readonly ShownBlock[]): string => {
      const state = new MemoryState();
      const checker = new ChannelChecker({ channel: CHANNEL, genesis: channel.genesis, state });
      try {
        for (const block of blocks) checker.check(readBlock(blockBytes(block)));
        return 'none';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const [first, second, third, fourth] = channel.blocks as [ShownBlock, ShownBlock, ShownBlock, ShownBlock];
    assert.equal(problem([first, second, third, fourth]), 'none');
    assert.match(problem([first, second, third, third]), /block 3 is expected here/);
    assert.match(problem([first, second, fourth]), /block 2 is expected here/);
    assert.match(problem([first, second, other.blocks[2]!]), /does not follow block 1/);
    assert.match(problem([open('BFT').blocks[0]!]), /is trusted/);
  });

  it('says whether orderers signed a header that is not of its chain', () => {
    const [channel, other] = [open(), open()];
    const configuration = blockBytes(channel.blocks[0]!);
    const signed = readBlock(blockBytes(other.transact({ rows: [row('a')], endorsers: channel.peers })));
    assert.equal(ordererProblem(signed, configuration), undefined);
    const by = organisations[0]!.peer;
    const forged = readBlock(blockBytes(other.add([], [by])));
    assert.match(ordererProblem(forged, configuration)!, /not those that the channel asks for/);
  });
});
