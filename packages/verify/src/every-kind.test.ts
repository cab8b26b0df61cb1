// What a file of any kind is refused for before its claim is looked at: the chain is walked the same way for all.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { FORMAT, type Subject } from './bundle/bundle-claim.ts';
import { disclosureOf } from './bundle/disclosure.ts';
import { writeBundle } from './testing/rewritten-bundle.ts';
import { withByteAfterS } from './testing/signature-forms.ts';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from './testing/synthetic-channel.ts';
import { type Endorser, type Row, unsigned } from './testing/synthetic-transaction.ts';
import { Authority, type Signer } from './testing/test-authority.ts';
import { verifyBundle } from './verify-bundle.ts';

const SUBJECTS: readonly Subject[] = [
  { kind: 'study', studyId: 'heart' },
  { kind: 'model', studyId: 'heart' },
  { kind: 'dataset', datasetId: 'icu' },
  { kind: 'transaction', transactionId: 'ab'.repeat(32) },
];

describe('evidence of every kind', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];
  before(async () => {
    const authorities = await Promise.all(['AMSP', 'BMSP', 'CMSP'].map((mspId) => Authority.create(mspId)));
    organisations = await Promise.all(authorities.map(organisation));
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
  });

  /** A channel on which peer and client of the first organisation were revoked, after a row that they wrote. */
  async function revoking(): Promise<SyntheticChannel> {
    const channel = new SyntheticChannel(organisations, {
      orderers,
      ordererAuthority,
      consensus: 'etcdraft',
    });
    const [first] = organisations;
    channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers });
    const revoked = mspConfig(first!.authority, [
      await first!.authority.revoke([first!.peer, first!.client]),
    ]);
    channel.reconfigure((root) => setOrganisationValue(root, 'AMSP', revoked), [first!.admin]);
    return channel;
  }

  function firstProblem(subject: Subject, channel: SyntheticChannel, left: readonly number[] = []): string {
    const parts = channel.blocks.map((block) =>
      left.includes(block.header.number)
        ? ({ kind: 'hidden', from: block.header.number, dataHashes: [block.header.dataHash] } as const)
        : block,
    );
    const discloses = disclosureOf(parts, subject);
    const claim = {
      format: FORMAT,
      channel: CHANNEL,
      chaincode: 'consilium',
      subject,
      blocks: channel.height,
    };
    const file = writeBundle({ claim: { ...claim, format: FORMAT, discloses }, parts });
    const [first] = verifyBundle(file, { genesis: channel.genesis }).problems;
    return `${first?.place}: ${first?.text}`;
  }

  /** What does not hold of a study's file with one answer that these signed. */
  function answeredBy(endorsers: readonly Endorser[]): string[] {
    const channel = new SyntheticChannel(organisations, {
      orderers,
      ordererAuthority,
      consensus: 'etcdraft',
    });
    channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers });
    const [subject] = SUBJECTS;
    const input = ['study:getRecord', '{"studyId":"heart"}'];
    const envelope = unsigned(channel.transaction({ rows: [], endorsers, input, response: '{}' }));
    const parts = [...channel.blocks, { kind: 'answer' as const, envelope }];
    const claim = { format: FORMAT, channel: CHANNEL, chaincode: 'consilium', subject: subject! } as const;
    const discloses = disclosureOf(parts, subject!);
    const file = writeBundle({ claim: { ...claim, blocks: channel.height, discloses }, parts });
    return verifyBundle(file, { genesis: channel.genesis }).problems.map(
      ({ place, text }) => `${place}: ${text}`,
    );
  }

  it('holds no transaction that read of a block which was not there yet, whether that block is shown or not', () => {
    const problemOf = (block: number) => {
      const channel = new SyntheticChannel(organisations, {
        orderers,
        ordererAuthority,
        consensus: 'etcdraft',
      });
      const transact = (...rows: readonly Row[]) => channel.transact({ rows, endorsers: channel.peers });
      transact({ key: 'k', value: '1' });
      transact({ key: 'k', version: { block, place: 0 } }, { key: 'other', value: '1' });
      transact({ key: 'k', value: '2' });
      transact({ key: 'third', value: '1' });
      return firstProblem(SUBJECTS[0]!, channel, [2, 4]);
    };
    assert.match(problemOf(2), /^answers: /, 'a hidden block may have written it');
    for (const block of [3, 4, 5, 9]) {
      const text = `block 3, transaction 0: k: read of block ${block} what that block did not write`;
      assert.equal(problemOf(block), text);
    }
  });

  it('counts no peer of an organisation that only orders towards its majority', async () => {
    const [first, second] = organisations;
    const own = await ordererAuthority.issue('peer');
    assert.match(
      answeredBy([first!.peer, own]).join('\n'),
      /answers: peers of AMSP signed them, and a majority of 3 is asked for/,
    );
    assert.doesNotMatch(answeredBy([first!.peer, second!.peer]).join('\n'), /majority/);
  });

  it('takes no signature of an answer in another form than its one: anybody could write it so', () => {
    const [first, second] = organisations.map(({ peer }) => peer);
    const oddly: Endorser = {
      identity: first!.identity,
      sign: (...parts) => withByteAfterS(first!.sign(...parts)),
    };
    assert.match(
      answeredBy([oddly, second!]).join('\n'),
      /answer 1: a signature of AMSP is not in the shortest form of its numbers/,
    );
  });

  it('looks at no more signatures of an answer than its organisations have peers', () => {
    const { peer } = organisations[0]!;
    assert.deepEqual(answeredBy(Array(5000).fill(peer)), [
      'answer 1: 5000 peers signed it, and 12 at most are looked at',
    ]);
  });

  for (const subject of SUBJECTS) {
    const { kind } = subject;
    it(`of a ${kind} is refused with an older configuration than its orderers name`, async () => {
      const channel = await revoking();
      const number = channel.height - 1;
      const [, ...others] = organisations;
      channel.transact({
        rows: [{ key: 'b', value: '1' }],
        endorsers: others.map((one) => one.peer),
        sender: others[0]!.client,
      });
      assert.match(firstProblem(subject, channel), /answers: no peer answered for/);
      assert.match(
        firstProblem(subject, channel, [number]),
        new RegExp(`^block ${number + 1}: its orderers say that block ${number} holds the configuration`),
      );
    });

    it(`of a ${kind} is refused with what a certificate sent that was revoked before`, async () => {
      const channel = await revoking();
      channel.transact({ rows: [{ key: 'b', value: '1' }], endorsers: channel.peers.slice(1) });
      assert.match(
        firstProblem(subject, channel),
        /^block 4, transaction 0: its sender: a signer of AMSP: its certificate is revoked/,
      );
    });
  }
});
