import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BundlePart, ShownBlock } from '../bundle/bundle-file.ts';
import { highS } from '../testing/signature-forms.ts';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { dataHashOf, headerHash } from './block-header.ts';
import { walkChain } from './chain-walk.ts';
import type { OrdererWord } from './fabric-block.ts';
import { LedgerReplay } from './ledger-replay.ts';

const MSP_IDS = ['AMSP', 'BMSP', 'CMSP'];

describe('a chain', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];

  before(async () => {
    organisations = await Promise.all(
      MSP_IDS.map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = await Promise.all([1, 2, 3, 4].map(() => ordererAuthority.issue('orderer')));
  });

  const raft = () =>
    new SyntheticChannel(organisations, {
      orderers: orderers.slice(0, 1),
      ordererAuthority,
      consensus: 'etcdraft',
    });
  const bft = () => new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'BFT' });
  const admins = (count: number) => organisations.slice(0, count).map(({ admin }) => admin);

  function walk(channel: SyntheticChannel, parts: readonly BundlePart[] = channel.blocks) {
    const shown = new Set(parts.flatMap((part) => (part.kind === 'block' ? [part.header.number] : [])));
    const replay = new LedgerReplay(CHANNEL, (block) => shown.has(block));
    const walked = walkChain(parts, { channel: CHANNEL, genesis: channel.genesis, replay });
    return { ...walked, replay };
  }
  const firstProblem = (channel: SyntheticChannel, parts?: readonly BundlePart[]): string => {
    try {
      return walk(channel, parts).problems[0]?.text ?? 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const revocationOf = async ({ authority }: Organisation, signers: readonly Signer[]) =>
    mspConfig(authority, [await authority.revoke(signers)]);

  it('of honest blocks has no problem, under Raft and under BFT', () => {
    for (const channel of [raft(), bft()]) {
      channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers });
      const { chain, problems, replay } = walk(channel);
      assert.deepEqual(problems, []);
      assert.equal(chain.height, 3);
      assert.deepEqual(chain.configuration.mspIds, MSP_IDS);
      assert.equal(replay.transactions.length, 2);
    }
  });

  it('under BFT asks for a quorum of those that the configuration names', () => {
    const channel = bft();
    const envelopes = [channel.transaction({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers })];
    const three = channel.add(envelopes, orderers.slice(0, 3));
    assert.equal(firstProblem(channel), 'none');
    const with_ = (signers: readonly Signer[]): ShownBlock => ({
      ...three,
      orderers: channel.orderersOn(three.header, signers, 0),
    });
    const { blocks } = channel;
    assert.match(firstProblem(channel, [...blocks.slice(0, -1), with_(orderers.slice(0, 2))]), /not those/);
    const twice = [orderers[0]!, orderers[1]!, orderers[0]!];
    assert.match(firstProblem(channel, [...blocks.slice(0, -1), with_(twice)]), /not those/);
  });

  it('under BFT does not count an orderer of the same organisation that is none of the consenters', async () => {
    const channel = bft();
    const another = await ordererAuthority.issue('orderer');
    channel.add([], [orderers[0]!, orderers[1]!, another]);
    assert.match(firstProblem(channel), /not those that the channel asks for/);
  });

  it('is not signed by a hospital', () => {
    const channel = raft();
    channel.add([], [organisations[0]!.peer]);
    assert.match(firstProblem(channel), /not those that the channel asks for/);
  });

  it("passes over an update's signature of nobody, as peers do", async () => {
    const channel = raft();
    const [{ admin }] = organisations as [Organisation];
    const nobody = { identity: Buffer.of(0xff), sign: () => Buffer.of(0) } as unknown as Signer;
    const revoked = await revocationOf(organisations[0]!, [organisations[0]!.client]);
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [nobody, admin]);
    assert.equal(firstProblem(channel), 'none');
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [nobody]);
    assert.notEqual(firstProblem(channel), 'none');
  });

  it('does no work for signatures that are none, nor for the same one again, however many there are', async () => {
    const channel = raft();
    const block = channel.add([]);
    const { value, signatures } = block.orderers!;
    const orderedBy = (word: OrdererWord) =>
      firstProblem(channel, [...channel.blocks.slice(0, -1), { ...block, orderers: word }]);
    assert.equal(orderedBy({ value, signatures: Array(20_000).fill(signatures[0]) }), 'none');
    const stranger = await (await Authority.create('StrangerMSP')).issue('orderer');
    const [strange] = channel.orderersOn(block.header, [stranger], 0).signatures;
    const long = Buffer.concat([value, Buffer.alloc(2 ** 20)]);
    assert.match(
      orderedBy({ value: long, signatures: Array(20_000).fill(strange) }),
      /StrangerMSP is no organisation/,
    );
  });

  it('counts no signature in its other form, which anyone can make', () => {
    const channel = raft();
    const block = channel.add([]);
    const [signature] = block.orderers!.signatures;
    const other = { ...signature!, signature: highS(signature!.signature) };
    const parts = [
      ...channel.blocks.slice(0, -1),
      { ...block, orderers: { ...block.orderers!, signatures: [other] } },
    ];
    assert.match(firstProblem(channel, parts), /a signature of OrdererMSP does not hold/);
  });

  it('names an older configuration where a later one was left out', async () => {
    const channel = raft();
    const revoked = await revocationOf(organisations[0]!, [organisations[0]!.peer]);
    const config = channel.reconfigure(
      (root) => setOrganisationValue(root, 'AMSP', revoked),
      [organisations[0]!.admin],
    );
    channel.add([]);
    assert.equal(firstProblem(channel), 'none');
    const hidden: BundlePart = {
      kind: 'hidden',
      from: config.header.number,
      dataHashes: [config.header.dataHash],
    };
    const parts = channel.blocks.map((block): BundlePart => (block === config ? hidden : block));
    assert.match(firstProblem(channel, parts), /say that block 2 holds the configuration/);
  });

  it('refuses what a certificate sends or endorses that was revoked before', async () => {
    const [first, second] = organisations;
    const channel = raft();
    const revoked = await revocationOf(first!, [first!.peer, first!.client]);
    channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: [first!.peer, second!.peer] });
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [first!.admin]);
    assert.equal(firstProblem(channel), 'none');
    const rows = [{ key: 'b', value: '1' }];
    const { blocks } = channel;
    const then = (transaction: Parameters<SyntheticChannel['transact']>[0]) => {
      const problem = firstProblem(channel, [...blocks, channel.transact(transaction)]);
      blocks.pop();
      return problem;
    };
    assert.match(
      then({ rows, endorsers: channel.peers, sender: first!.client }),
      /its sender: a signer of AMSP: its certificate is revoked/,
    );
    const sender = second!.client;
    assert.match(then({ rows, endorsers: [first!.peer, second!.peer], sender }), /are not those of/);
    assert.equal(then({ rows, endorsers: [second!.peer, organisations[2]!.peer], sender }), 'none');
  });

  it('accepts nobody of an organisation with a revocation list that does not say whose it is, as Fabric', async () => {
    const [first, second, third] = organisations;
    const channel = raft();
    const unnamed = mspConfig(first!.authority, [await first!.authority.revoke([], false)]);
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', unnamed), [first!.admin]);
    const rows = [{ key: 'a', value: '1' }];
    const endorsers = [second!.peer, third!.peer];
    channel.transact({ rows, endorsers, sender: first!.client });
    assert.match(firstProblem(channel), /does not say whose it is/);
  });

  it('takes no new configuration without the signatures that each changed item asks for', async () => {
    const [first, second] = organisations;
    const own = await revocationOf(first!, []);
    const foreign = await revocationOf(second!, [second!.peer]);
    const change = (
      channel: SyntheticChannel,
      mspId: string,
      bytes: Uint8Array,
      signers: readonly Signer[],
    ) => {
      channel.reconfigure((root) => setOrganisationValue(root, mspId, bytes), signers);
      return firstProblem(channel);
    };
    assert.equal(change(raft(), 'AMSP', own, [first!.admin]), 'none');
    assert.match(change(raft(), 'AMSP', own, [first!.client]), /without the signatures/);
    assert.match(change(raft(), 'BMSP', foreign, [first!.admin]), /without the signatures/);
    const lowered = raft();
    lowered.reconfigure((root) => {
      const application = root.getGroupsMap().get('Application')!;
      const policy = application.getPoliciesMap().get('Endorsement')!;
      policy.setVersion(1);
      policy.setPolicy(
        application.getGroupsMap().get('AMSP')!.getPoliciesMap().get('Endorsement')!.getPolicy(),
      );
    }, admins(1));
    assert.match(
      firstProblem(lowered),
      /Endorsement without the signatures that \/Channel\/Application\/Admins/,
    );
  });

  it('lets no organisation take the name of another, by its own signature and an orderer’s', async () => {
    const [first, second] = organisations;
    const stolen = mspConfig(await Authority.create('BMSP'));
    const renamed = raft();
    renamed.reconfigure((root) => setOrganisationValue(root, 'AMSP', stolen), [first!.admin]);
    assert.match(firstProblem(renamed), /defines BMSP twice, and not the same/);
    const same = raft();
    const own = mspConfig(second!.authority);
    same.reconfigure((root) => setOrganisationValue(root, 'AMSP', own), [first!.admin]);
    assert.match(firstProblem(same), /gives Application\/AMSP the name BMSP, and it was AMSP/);
    const ordering = raft();
    const admin = await ordererAuthority.issue('admin');
    ordering.reconfigure((root) => setOrganisationValue(root, 'OrdererMSP', stolen, 'Orderer'), [admin]);
    assert.match(firstProblem(ordering), /defines BMSP twice, and not the same/);
  });

  it('takes no configuration that is other than what its update makes', () => {
    const channel = raft();
    // A change without a version of its own: nobody signed it.
    channel.reconfigure((root) => {
      const values = root.getGroupsMap().get('Application')!.getGroupsMap().get('AMSP')!.getValuesMap();
      values.get('MSP')!.setValue(mspConfig(organisations[1]!.authority));
    }, admins(3));
    assert.match(firstProblem(channel), /its update changes nothing|not what its signed update makes/);
  });

  it('with other data, a gap, or a tail that nobody signed is broken', () => {
    const channel = raft();
    const block = channel.add([]);
    channel.add([]);
    const { blocks } = channel;
    const envelopes = [channel.transaction({ rows: [], endorsers: [] })];
    const at = block.header.number;
    const replaced = (other: BundlePart) => blocks.map((one, i): BundlePart => (i === at ? other : one));
    assert.match(firstProblem(channel, replaced({ ...block, envelopes })), /does not hold the data/);
    const header = { ...block.header, dataHash: dataHashOf(envelopes) };
    assert.match(firstProblem(channel, replaced({ ...block, header, envelopes })), /does not follow block 2/);
    assert.match(
      firstProblem(
        channel,
        blocks.filter((one) => one !== block),
      ),
      /block 2 is expected here/,
    );
    const tail: BundlePart = { kind: 'hidden', from: blocks.length, dataHashes: [headerHash(header)] };
    assert.match(firstProblem(channel, [...blocks, tail]), /no signed block follows it/);
  });
});

describe('a replay', () => {
  let organisations: Organisation[];
  let channel: SyntheticChannel;

  before(async () => {
    organisations = await Promise.all(
      MSP_IDS.map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    channel.transact({
      rows: [{ key: 'own', value: '1', policyOf: ['AMSP', 'BMSP'] }],
      endorsers: channel.peers,
    });
  });

  /** What is wrong with one more block of this transaction, after which the channel is as it was. */
  function problemOf(
    transaction: Parameters<SyntheticChannel['transact']>[0],
    invalid: readonly number[] = [],
  ) {
    const block = { ...channel.transact(transaction), invalid };
    channel.blocks.pop();
    const parts = [...channel.blocks, block];
    const replay = new LedgerReplay(CHANNEL, (number) => number < parts.length);
    const { problems } = walkChain(parts, { channel: CHANNEL, genesis: channel.genesis, replay });
    return problems[0]?.text ?? 'none';
  }
  const written = { block: 2, place: 0 };
  const peersOf = (...mspIds: string[]) => channel.peers.filter(({ mspId }) => mspIds.includes(mspId));

  it("asks for the chaincode's policy where a row has none, and for the row's own where it has one", () => {
    const fresh = [{ key: 'fresh', value: '1' }];
    assert.equal(problemOf({ rows: fresh, endorsers: peersOf('BMSP', 'CMSP') }), 'none');
    assert.match(
      problemOf({ rows: fresh, endorsers: peersOf('BMSP') }),
      /endorsements of fresh are not those/,
    );
    const own = [{ key: 'own', value: '2', version: written }];
    assert.match(
      problemOf({ rows: own, endorsers: peersOf('BMSP', 'CMSP') }),
      /endorsements of own are not those of 2 of \(AMSP.peer, BMSP.peer\)/,
    );
    assert.equal(problemOf({ rows: own, endorsers: peersOf('AMSP', 'BMSP') }), 'none');
  });

  it('counts a peer that endorsed twice once, and a client not at all', () => {
    const rows = [{ key: 'fresh', value: '1' }];
    const [a] = peersOf('AMSP');
    assert.match(problemOf({ rows, endorsers: [a!, a!] }), /are not those/);
    assert.match(problemOf({ rows, endorsers: [a!, organisations[1]!.client] }), /are not those/);
  });

  it('refuses reads of what was changed since, or was never written', () => {
    const endorsers = peersOf('AMSP', 'BMSP');
    const read = (version: { block: number; place: number } | undefined) => [
      { key: 'own', ...(version && { version }) },
    ];
    assert.match(problemOf({ rows: read({ block: 1, place: 0 }), endorsers }), /what block 2 changed/);
    assert.match(problemOf({ rows: read({ block: 2, place: 1 }), endorsers }), /did not write/);
    assert.match(problemOf({ rows: read(undefined), endorsers }), /read as absent what was there/);
  });

  it('refuses a valid transaction that is called invalid, and takes one that is', () => {
    const rows = [{ key: 'fresh', value: '1' }];
    assert.match(problemOf({ rows, endorsers: channel.peers }, [0]), /nothing makes it so/);
    assert.equal(problemOf({ rows, endorsers: peersOf('AMSP') }, [0]), 'none');
  });

  it('does not guess the policy of a row that a hidden block wrote', () => {
    const { block, place } = written;
    const parts = channel.blocks.map(
      (one): BundlePart =>
        one.header.number === block
          ? { kind: 'hidden', from: block, dataHashes: [one.header.dataHash] }
          : one,
    );
    const last = channel.transact({
      rows: [{ key: 'own', value: '2', version: { block, place } }],
      endorsers: channel.peers,
    });
    channel.blocks.pop();
    const replay = new LedgerReplay(CHANNEL, (number) => number !== block);
    const options = { channel: CHANNEL, genesis: channel.genesis, replay };
    const { problems } = walkChain([...parts, last], options);
    assert.match(problems[0]?.text ?? '', /the policy of own is in block 2, which is not shown/);
  });

  it('refuses the same transaction a second time', () => {
    const envelope = channel.transaction({ rows: [{ key: 'fresh', value: '1' }], endorsers: channel.peers });
    channel.add([envelope]);
    channel.add([envelope]);
    const replay = new LedgerReplay(CHANNEL, () => true);
    const { problems } = walkChain(channel.blocks, { channel: CHANNEL, genesis: channel.genesis, replay });
    channel.blocks.splice(-2);
    assert.match(problems[0]?.text ?? '', /its id was used before/);
  });
});
