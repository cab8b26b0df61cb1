import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { configurationOf } from '../channel/organisations.ts';
import { blockBytes } from '../testing/block-bytes.ts';
import { flipped } from '../testing/rewritten-bundle.ts';
import { withByteAfterS } from '../testing/signature-forms.ts';
import { signedStatement } from '../testing/signed-statement.ts';
import {
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { base64, utf8Bytes } from '../wire/bytes.ts';
import { compareFiles } from './compare-histories.ts';
import { checkHistory, makeHistoryFile } from './history-file.ts';
import { headerProblem } from './statement-check.ts';
import { parseStatement, statementJson, type WitnessStatement, writeStatement } from './witness-statement.ts';

describe('two histories by hand', () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];
  let operators: Record<'AMSP' | 'BMSP', Signer>;
  let channel: SyntheticChannel;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
    const issue = (at: number) => organisations[at]!.authority.issue('client', { role: 'operator' });
    operators = { AMSP: await issue(0), BMSP: await issue(1) };
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    write(channel, 3);
  });

  function write(to: SyntheticChannel, count: number): void {
    for (let i = 0; i < count; i++)
      to.transact({ rows: [{ key: `k${i}`, value: '1' }], endorsers: to.peers });
  }
  /** What a gateway that was shown this channel answers of one of its blocks. */
  function fileOf(of: SyntheticChannel, mspId: 'AMSP' | 'BMSP', number = of.height - 1): Uint8Array {
    return historyOf(signedStatement(of.blocks[number]!, operators[mspId], { genesis: channel.genesis }), of);
  }
  const historyOf = (statement: WitnessStatement, of = channel): Uint8Array =>
    makeHistoryFile(
      statement,
      configurationsOf(of, statement.header.number).map((block) => blockBytes(block)),
    );
  const configurationsOf = ({ blocks }: SyntheticChannel, until: number): ShownBlock[] =>
    blocks.filter(({ header }) => header.number <= until && configurations.has(header));
  /** Headers of blocks that hold a configuration. */
  const configurations = new Set<ShownBlock['header']>();
  function reconfigure(to: SyntheticChannel): void {
    const value = mspConfig(organisations[2]!.authority, []);
    const { admin } = organisations[2]!;
    configurations.add(to.reconfigure((root) => setOrganisationValue(root, 'CMSP', value), [admin]).header);
  }
  before(() => configurations.add(channel.blocks[0]!.header));
  const compare = (first: Uint8Array, second: Uint8Array) => compareFiles([first, second], channel.genesis);

  it('are the same where both gateways saw the same block', () => {
    const { comparison, text } = compare(fileOf(channel, 'AMSP'), fileOf(channel, 'BMSP'));
    assert.equal(comparison?.result, 'same');
    assert.match(
      text,
      /^THE SAME HISTORY: AMSP and BMSP saw the same block 4, and so the same before it\.\n/,
    );
    assert.match(text, /The gateway of BMSP signed at .* which orderers of OrdererMSP signed\./);
  });

  it('are the same where one is a block ahead, since a header names the one before', () => {
    const { comparison } = compare(fileOf(channel, 'AMSP', 3), fileOf(channel, 'BMSP', 4));
    assert.equal(comparison?.result === 'same' && comparison.block, 3);
  });

  it('are two where orderers signed two blocks of one number, with both signed headers', () => {
    const other = channel.fork();
    write(other, 1);
    const own = channel.fork();
    write(own, 1);
    const { comparison, text, histories } = compare(fileOf(own, 'AMSP'), fileOf(other, 'BMSP'));
    assert.equal(comparison?.result === 'two' && comparison.block, 5);
    assert.match(
      text,
      /^TWO HISTORIES: AMSP and BMSP saw different blocks 5, [0-9a-f]{64} and [0-9a-f]{64}\./,
    );
    assert.deepEqual(
      histories.map(({ statement }) => statement.orderers.signatures.length),
      [1, 1],
    );
    write(other, 1);
    const ahead = compare(fileOf(own, 'AMSP'), fileOf(other, 'BMSP')).comparison;
    assert.equal(ahead?.result === 'two' && ahead.block, 5);
  });

  it('are two where configurations of one number differ, also under orders that differ since', () => {
    const [own, other] = [channel.fork(), channel.fork()];
    reconfigure(own);
    write(own, 3);
    reconfigure(other);
    write(other, 6);
    const { comparison } = compare(fileOf(own, 'AMSP'), fileOf(other, 'BMSP'));
    assert.equal(comparison?.result === 'two' && comparison.block, 5);
  });

  it('are not to be compared where neither shows the block of the other, and it says what to ask for', () => {
    const { comparison, text } = compare(fileOf(channel, 'AMSP', 1), fileOf(channel, 'BMSP', 4));
    assert.equal(comparison?.result, 'unknown');
    assert.match(text, /Ask BMSP for GET \/v1\/ledger\/witness-statement\?block=1\./);
  });

  it('name the file that does not hold', () => {
    const { comparison, text } = compareFiles(
      [fileOf(channel, 'AMSP'), fileOf(channel, 'BMSP')],
      'ab'.repeat(32),
    );
    assert.equal(comparison, undefined);
    assert.match(text, /^NOT USED: this does not hold\.\n {2}file 1: block 0: its digest is/);
  });

  it('have no byte that could be another', () => {
    const file = fileOf(channel, 'AMSP');
    const lastLine = file.lastIndexOf(0x0a, file.length - 2) + 1;
    // The lines before are as in every file of evidence, whose bytes are all flipped elsewhere.
    for (let at = 0; at < file.length; at += at < lastLine ? 37 : 1) {
      let isFound = true;
      try {
        isFound = 'problem' in checkHistory(flipped(file, at, 1 << (at % 7)), { genesis: channel.genesis });
      } catch (error) {
        assert.equal((error as Error).name, 'UnreadableBundleError');
      }
      assert.ok(isFound, `the flip of byte ${at} is not found`);
    }
  });

  it('hold signatures of orderers and gateways in one form, whichever they were written in', () => {
    const { header, orderers } = channel.blocks[4]!;
    const word = orderers!;
    const [shortest] = word.signatures;
    const odd = withByteAfterS(shortest!.signature);
    const oddly = { header, orderers: { ...word, signatures: [{ ...shortest!, signature: odd }] } };
    assert.equal(headerProblem(oddly, configurationOf(blockBytes(channel.blocks[0]!))), undefined);
    const statement = signedStatement(oddly, operators.AMSP, { genesis: channel.genesis });
    const read = parseStatement(writeStatement(statement));
    assert.deepEqual(Buffer.from(read.orderers.signatures[0]!.signature), Buffer.from(shortest!.signature));
    assert.equal(compare(fileOf(channel, 'BMSP'), historyOf(statement)).comparison?.result, 'same');

    const shown = statementJson(read);
    const oddOrderer = { ...shown.orderers.signatures[0], signature: base64(odd) };
    for (const other of [
      { ...shown, orderers: { ...shown.orderers, signatures: [oddOrderer] } },
      { ...shown, signature: base64(withByteAfterS(read.signature)) },
    ]) {
      assert.throws(
        () => parseStatement(utf8Bytes(canonicalJson(other))),
        /signature is not in the shortest form/,
      );
    }
  });

  it('refuse an older configuration, blocks in another order, and a header that follows another block', () => {
    const longer = channel.fork();
    reconfigure(longer);
    write(longer, 1);
    const statement = signedStatement(longer.blocks.at(-1)!, operators.AMSP, { genesis: channel.genesis });
    const [first, change] = configurationsOf(longer, 9).map((block) => blockBytes(block)) as [
      Uint8Array,
      Uint8Array,
    ];
    const refusal = (...blocks: readonly Uint8Array[]) => {
      const checked = checkHistory(makeHistoryFile(statement, blocks), { genesis: channel.genesis });
      return 'problem' in checked ? `${checked.problem.place}: ${checked.problem.text}` : 'none';
    };
    assert.equal(refusal(first, change), 'none');
    assert.match(refusal(first), /^block 6: its orderers say that block 5 holds the configuration/);
    assert.match(refusal(change, first), /^block 5: configurations are expected in their order here/);
    assert.match(refusal(), /^block 0: it is missing/);
    assert.match(
      refusal(first, blockBytes(channel.blocks[2]!), change),
      /^block 2: it holds no configuration/,
    );
    const header = { ...statement.header, previousHash: Buffer.alloc(32, 1) };
    const crossed = { header, orderers: longer.orderersOn(header, orderers, 5) };
    const file = makeHistoryFile(signedStatement(crossed, operators.AMSP, { genesis: channel.genesis }), [
      first,
      change,
    ]);
    const checked = checkHistory(file, { genesis: channel.genesis });
    assert.match('problem' in checked ? checked.problem.text : 'none', /^it does not follow block 5/);
  });
});
