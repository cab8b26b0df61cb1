// One member alone can define its organisation as anonymous, and peers go on: the history of all others has to go on
// being checked, and what nothing can be said of is named.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
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
import { walkChain } from './chain-walk.ts';
import { ChannelChecker, type CheckedBlock } from './channel-checker.ts';
import { readBlock } from './fabric-block.ts';
import { LedgerReplay } from './ledger-replay.ts';
import { MemoryState } from './memory-state.ts';

const { msp } = fabricProtos;

function anonymous(mspId: string): Uint8Array {
  const config = new msp.IdemixMSPConfig();
  config.setName(mspId);
  const wrapped = new msp.MSPConfig();
  wrapped.setType(1);
  wrapped.setConfig(config.serializeBinary());
  return wrapped.serializeBinary();
}

describe('an organisation that cannot be judged', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];
  let first: Organisation;
  let odd: Organisation;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    [first, , odd] = organisations as [Organisation, Organisation, Organisation];
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
  });

  /** A channel in which one member has become anonymous. */
  function open(): SyntheticChannel {
    const channel = new SyntheticChannel(organisations, {
      orderers,
      ordererAuthority,
      consensus: 'etcdraft',
    });
    channel.reconfigure((root) => setOrganisationValue(root, 'CMSP', anonymous('CMSP')), [odd.admin]);
    return channel;
  }
  const row = (key: string) => ({ key, value: '1' });
  function check(
    channel: SyntheticChannel,
    codes?: readonly number[],
  ): { last: CheckedBlock; state: MemoryState } {
    const state = new MemoryState();
    const checker = new ChannelChecker({ channel: CHANNEL, genesis: channel.genesis, state });
    const checked = channel.blocks.map((block, i) =>
      checker.check(readBlock(blockBytes(block, i === channel.height - 1 ? codes : undefined))),
    );
    return { last: checked.at(-1)!, state };
  }

  it('does not keep the others’ transactions from being checked', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: [organisations[0]!.peer, organisations[1]!.peer] });
    const { last } = check(channel);
    assert.deepEqual([last.unjudged, last.transactions[0]!.endorsers], [[], ['AMSP', 'BMSP']]);
    const forged = open();
    forged.transact({ rows: [row('a')], endorsers: [organisations[0]!.peer] });
    assert.throws(() => check(forged), /its endorsements of a are not those of/);
  });

  it('sends what takes effect by the word of peers, which is said with the place', () => {
    const channel = open();
    const endorsers = [organisations[0]!.peer, organisations[1]!.peer];
    channel.transact({ rows: [row('a')], endorsers, sender: odd.client });
    const { last, state } = check(channel);
    assert.deepEqual(
      last.unjudged.map(({ place, text }) => [place, text]),
      [[0, 'its sender: identities of CMSP cannot be judged: they are anonymous (Idemix)']],
    );
    assert.deepEqual(last.transactions[0]!.sender, { mspId: 'CMSP', commonName: undefined, attributes: {} });
    assert.ok(state.value('consilium', 'a') !== undefined);
    const refused = check(channel, [4]);
    assert.deepEqual([refused.last.unjudged, refused.last.unexplained], [[], []]);
    assert.equal(refused.state.value('consilium', 'a'), undefined);
  });

  it('counts as an endorser only by the word of peers, and never for another one', () => {
    const channel = open();
    channel.transact({ rows: [row('a')], endorsers: [first.peer, odd.peer] });
    const { last } = check(channel);
    assert.match(last.unjudged[0]!.text, /its endorsements of a are not those of \S+ without CMSP$/);
    assert.deepEqual(last.transactions[0]!.endorsers, ['AMSP']);
    const alone = open();
    alone.transact({ rows: [row('a')], endorsers: [odd.peer, odd.client, odd.admin] });
    assert.throws(() => check(alone), /its endorsements of a are not those of/);
  });

  it('proves no transaction of its own in evidence, which says so', () => {
    const channel = open();
    const endorsers = [organisations[0]!.peer, organisations[1]!.peer];
    channel.transact({ rows: [row('a')], endorsers, sender: odd.client });
    channel.transact({ rows: [row('b')], endorsers });
    const replay = new LedgerReplay(CHANNEL, () => true);
    const { problems } = walkChain(channel.blocks, { channel: CHANNEL, genesis: channel.genesis, replay });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      replay.unjudged.map(({ place }) => place),
      ['block 3, transaction 0'],
    );
    assert.deepEqual(
      replay.transactions.map(({ block }) => block),
      [1, 4],
    );
  });

  it('changes its own definition by the word of orderers, and nothing of others', () => {
    const channel = open();
    const again = mspConfig(odd.authority);
    channel.reconfigure((root) => setOrganisationValue(root, 'CMSP', again), [odd.admin]);
    channel.transact({ rows: [row('a')], endorsers: [first.peer, odd.peer] });
    assert.deepEqual(check(channel).last.transactions[0]!.endorsers, ['AMSP', 'CMSP']);
    const foreign = open();
    const listed = mspConfig(first.authority, [], [Buffer.from(odd.admin.pem)]);
    foreign.reconfigure((root) => setOrganisationValue(root, 'AMSP', listed), [odd.admin]);
    assert.throws(
      () => check(foreign),
      /without the signatures that \/Channel\/Application\/AMSP\/Admins asks for/,
    );
  });
});
