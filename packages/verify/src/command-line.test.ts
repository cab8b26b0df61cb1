import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CommandProcess } from '@consilium/command-line/testing/command-process';
import fabricProtos from '@hyperledger/fabric-protos';
import { blockBytes } from './testing/block-bytes.ts';
import { isBlock, rewritten } from './testing/rewritten-bundle.ts';
import { makeHistoryFile, signedStatement } from './testing/signed-statement.ts';
import { organisation, SyntheticChannel } from './testing/synthetic-channel.ts';
import { Authority } from './testing/test-authority.ts';

const MAIN = join(import.meta.dirname, 'main.js');
const GENESIS = '0'.repeat(64);
const EXAMPLE = new URL('../../../../examples/verify-evidence/evidence.ndjson', import.meta.url);
const EXAMPLE_GENESIS = '99ebfbeae9917a12c4be6c3b8d0d6a59915d77f1edaeaeb7835b7142972ab2ef';
/** Far beyond what any answer here takes, and far below what time in the square of a file's size would take. */
const ENDLESS_MS = 300_000;

describe('consilium-verify', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'verify-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const commands = new CommandProcess(join(import.meta.dirname, 'command-line.js'));
  after(() => commands.close());
  const run = (...args: readonly string[]) => commands.run({ args });
  const file = (text: string | Uint8Array): string => {
    const path = join(folder, 'evidence.ndjson');
    writeFileSync(path, text);
    return path;
  };

  it('ends with 2 where it gets no usable file or arguments, and says why', async () => {
    assert.match((await run('--genesis', GENESIS)).stderr, /name one file of evidence/);
    assert.match((await run(file('{}\n'))).stderr, /--genesis is missing/);
    assert.match((await run(file('{}\n'), '--genesis', 'abc')).stderr, /must be a SHA-256/);
    const unusable = await run(file('{}\n'), '--genesis', GENESIS);
    assert.equal(unusable.status, 2);
    assert.match(
      unusable.stderr,
      /evidence.ndjson is not a usable file of evidence: line 1: format is missing/,
    );
    assert.equal((await run(join(folder, 'none'), '--genesis', GENESIS)).status, 2);
    assert.equal(
      (await run(file('{}\n'), '--genesis', GENESIS, '--artefacts', join(folder, 'none'))).status,
      2,
    );
  });

  it('ends with 1 where something does not hold, named with its place, also as JSON', async () => {
    const claim =
      '{"blocks":0,"chaincode":"consilium","channel":"c","discloses":{"blocks":0,"datasets":[],"otherStudies":[],' +
      '"transactions":0},"format":"consilium-evidence/1","studyId":"s"}\n';
    const { status, stdout } = await run(file(claim), '--genesis', GENESIS);
    assert.equal(status, 1);
    assert.match(stdout, /NOT PROVEN: 1 thing does not hold.\n {2}block 0: it is missing\n/);
    const json = await run(file(claim), '--genesis', GENESIS, '--json');
    assert.equal(json.status, 1);
    const { isProven, problems } = JSON.parse(json.stdout);
    assert.equal(isProven, false);
    assert.deepEqual(problems, [{ place: 'block 0', text: 'it is missing' }]);
  });

  it('compares what two gateways saw: 0 for the same, 1 for two histories, 2 where it cannot', async () => {
    const organisations = await Promise.all(
      ['AMSP', 'BMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    const channel = new SyntheticChannel(organisations, {
      orderers,
      ordererAuthority,
      consensus: 'etcdraft',
    });
    const other = channel.fork();
    for (const one of [channel, channel, other]) one.transact({ rows: [], endorsers: one.peers });
    const { genesis } = channel;
    const seen = async (of: SyntheticChannel, at: number, block: number): Promise<string> => {
      const signer = await organisations[at]!.authority.issue('client', { role: 'operator' });
      const statement = signedStatement(of.blocks[block]!, signer, { genesis });
      const path = join(folder, `${signer.mspId}-${block}-${of === other}.ndjson`);
      writeFileSync(path, makeHistoryFile(statement, [blockBytes(of.blocks[0]!)]));
      return path;
    };
    const [first, second] = [await seen(channel, 0, 2), await seen(channel, 1, 2)];
    const compare = (...words: readonly string[]) => run('compare-histories', ...words, '--genesis', genesis);
    const same = await compare(first, second);
    assert.equal(same.status, 0);
    assert.match(same.stdout, /^THE SAME HISTORY: AMSP and BMSP saw the same block 2/);
    const two = await compare(first, await seen(other, 1, 2));
    assert.equal(two.status, 1);
    assert.match(two.stdout, /^TWO HISTORIES: /);
    const { comparison, statements } = JSON.parse(
      (await compare(first, await seen(other, 1, 2), '--json')).stdout,
    );
    assert.equal(comparison.result, 'two');
    assert.equal(statements.length, 2);
    const later = await seen(channel, 1, 3);
    assert.equal((await compare(await seen(channel, 0, 1), later)).status, 2);
    assert.equal((await compare(first)).status, 2);
    assert.match((await compare(first)).stderr, /compare-histories takes two files/);
    assert.match((await compare(first, file('{}\n'))).stderr, /is not a usable file of evidence: line 1/);
    assert.equal((await run('compare-histories', first, second, '--genesis', GENESIS)).status, 1);
  });

  it('takes no longer for a certificate of line ends than for another of its size', async () => {
    const { common, msp } = fabricProtos;
    const identity = new msp.SerializedIdentity();
    identity.setMspid('AlphaMSP');
    identity.setIdBytes(Buffer.from(`-----BEGIN CERTIFICATE-----${'\n'.repeat(4_000_000)}`));
    const header = new common.SignatureHeader();
    header.setCreator(identity.serializeBinary());
    const signatureHeader = header.serializeBinary();
    const nothing = new Uint8Array();
    const hostile = rewritten(readFileSync(EXAMPLE), ([first, ...others]) => {
      const block = others.find(isBlock)!;
      const signatures = [{ signatureHeader, identifierHeader: nothing, signature: Buffer.of(1) }];
      return [first!, { ...block, orderers: { value: nothing, signatures } }];
    });
    const words = [MAIN, file(hostile), '--genesis', EXAMPLE_GENESIS];
    const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: ENDLESS_MS });
    assert.equal(status, 1);
    assert.match(stdout, /block 1: not a certificate in PEM/);
  });

  it('says of a long file how far it is, and takes one that comes through a pipe', async () => {
    const hashes = JSON.stringify(Array.from({ length: 50_000 }, () => 'ab'.repeat(32)));
    const claim = readFileSync(EXAMPLE, 'utf8').split('\n')[0]!;
    const long = [claim, ...[1, 2, 3, 4, 5, 6].map(() => `{"dataHashes":${hashes},"from":1}`), ''].join('\n');
    const { status, stdout, stderr } = await run(file(long), '--genesis', EXAMPLE_GENESIS);
    assert.equal(status, 1);
    assert.match(stdout, /blocks from 1: blocks from 0 are expected here/);
    assert.match(stderr, /^10 % of 20 MB is checked\n20 % .*\n90 % of 20 MB is checked\n$/s);
    const command = 'cat "$1" | "$2" "$3" /dev/stdin --genesis "$4"';
    const words = [fileURLToPath(EXAMPLE), process.execPath, MAIN, EXAMPLE_GENESIS];
    const piped = spawnSync('sh', ['-c', command, 'sh', ...words], { encoding: 'utf8' });
    assert.match(piped.stdout, /^PROVEN/);
    assert.equal(piped.stderr, '');
  });

  it('says how it is used', async () => {
    const { status, stdout } = await run('--help');
    assert.equal(status, 0);
    assert.match(stdout, /consilium-verify FILE --genesis SHA256/);
  });
});
