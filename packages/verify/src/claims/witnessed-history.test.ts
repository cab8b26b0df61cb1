import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { walkChain } from '../blocks/chain-walk.ts';
import type { BundlePart } from '../bundle/bundle-file.ts';
import { signedStatement } from '../testing/signed-statement.ts';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import type { WitnessStatement } from '../witness/witness-statement.ts';
import { witnessesIn } from './witnessed-history.ts';

describe('statements of gateways in evidence', () => {
  let organisations: Organisation[];
  let channel: SyntheticChannel;
  let operator: Signer;
  let another: Signer;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    operator = await organisations[1]!.authority.issue('client', { role: 'operator' });
    another = await organisations[2]!.authority.issue('client', { role: 'operator' });
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    write(channel, 3);
  });

  function write(to: SyntheticChannel, count: number): void {
    for (let i = 0; i < count; i++)
      to.transact({ rows: [{ key: `k${i}`, value: '1' }], endorsers: to.peers });
  }
  const signed = (signer: Signer, block: number, other: Partial<WitnessStatement> = {}, from = channel) =>
    signedStatement(from.blocks[block]!, signer, { genesis: channel.genesis, ...other });

  /** What a file of this channel's blocks shows with these statements; some blocks hidden, as they are in files. */
  function witnesses(of: SyntheticChannel, ...statements: readonly WitnessStatement[]) {
    const parts: BundlePart[] = of.blocks.map((block) =>
      block.header.number === 2
        ? { kind: 'hidden', from: 2, dataHashes: [block.header.dataHash] }
        : (block as BundlePart),
    );
    parts.push(...statements.map((statement) => ({ kind: 'witness', statement }) as const));
    const replay = { replay: () => [], passHidden: () => {} };
    const { chain } = walkChain(parts, { channel: CHANNEL, genesis: channel.genesis, replay });
    const { witnessed, problems } = witnessesIn(parts, { channel: CHANNEL, genesis: channel.genesis, chain });
    return {
      seen: witnessed.map(({ mspId, block }) => `${mspId} ${block}`),
      problems: problems.map(({ place, text }) => `${place}: ${text}`),
    };
  }

  it('say who saw the same history, and up to which block, also of a block that is hidden', () => {
    const { seen, problems } = witnesses(channel, signed(another, 4), signed(operator, 2));
    assert.deepEqual(problems, []);
    assert.deepEqual(seen, ['BMSP 2', 'CMSP 4']);
  });

  it('make a file fail where orderers signed another block for that gateway', () => {
    const other = channel.fork();
    write(other, 1);
    const own = channel.fork();
    write(own, 1);
    const { seen, problems } = witnesses(own, signed(operator, 5, {}, other));
    assert.deepEqual(seen, []);
    assert.match(
      problems[0]!,
      /^statement of BMSP: orderers signed two blocks 5: its gateway saw [0-9a-f]{64}, and/,
    );
  });

  it('are refused by name where they are of another ledger, of nobody, beyond the file, or there twice', () => {
    const { problems } = witnesses(
      channel,
      signed(operator, 3, { genesis: 'ab'.repeat(32) }),
      signed(operator, 3, { channel: 'other' }),
      signed(organisations[1]!.client, 3),
      signed(operator, 3, { mspId: 'CMSP' }),
      signed(another, 3, { header: { ...channel.blocks[3]!.header, number: 9 } }),
      signed(operator, 3, { header: { ...channel.blocks[3]!.header, dataHash: Buffer.alloc(32) } }),
      signed(operator, 4),
      signed(operator, 4),
    );
    const expected = [
      /^statement of BMSP: it is of a ledger with the genesis block ab/,
      /^statement of BMSP: it is of the channel other/,
      /^statement of BMSP: its signer has not the role operator/,
      /^statement of CMSP: its signer: CMSP has no authority/,
      /^statement of CMSP: it is of block 9, and the file has 5 blocks/,
      /^statement of BMSP: a signature of OrdererMSP does not hold/,
      /^statement of BMSP: it is the second one/,
    ];
    assert.equal(problems.length, expected.length);
    for (const [i, problem] of problems.entries()) assert.match(problem, expected[i]!);
  });

  it('count no more once their certificate is revoked: its key may be in anybody’s hands', async () => {
    const revoking = channel.fork();
    const { authority, admin } = organisations[1]!;
    const list = mspConfig(authority, [await authority.revoke([operator])]);
    revoking.reconfigure((root) => setOrganisationValue(root, 'BMSP', list), [admin]);
    const { problems } = witnesses(revoking, signed(operator, 3));
    assert.match(problems[0]!, /^statement of BMSP: its signer: its certificate is revoked/);
  });
});
