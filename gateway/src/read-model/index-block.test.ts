import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockTransaction, CheckedBlock } from '@consilium/verify';
import { indexedBlock } from './index-block.ts';

const LONG = 'x'.repeat(1_000_000);

/** One transaction that took no effect, as its sender made it. */
function indexed(change: Partial<BlockTransaction>) {
  const transaction: BlockTransaction = {
    place: 0,
    transactionId: 'f'.repeat(64),
    milliseconds: 0,
    chaincode: 'consilium',
    input: [],
    sender: { mspId: 'AMSP', commonName: 'somebody', attributes: {} },
    endorsers: [],
    code: 10,
    writes: [],
    ...change,
  };
  const checked: CheckedBlock = {
    number: 1,
    hash: Buffer.alloc(32),
    signedBy: [],
    configurationBlock: 0,
    dataHash: Buffer.alloc(32),
    needs: { written: [], uses: [], texts: [] },
    transactions: [transaction],
    unexplained: [],
    unjudged: [],
  };
  return indexedBlock(checked, { codes: [10] }, Buffer.alloc(0)).transactions[0]!;
}
const argumentOf = (name: string, text: string) =>
  indexed({ input: [Buffer.from(name), Buffer.from(text)] }).argument;

describe('a transaction as the index takes it', () => {
  it('is called by no more than the beginning of what its sender calls it, and the sender', () => {
    const attributes = { 'hf.EnrollmentID': LONG, 'consilium.role': LONG };
    const taken = indexed({
      transactionId: LONG,
      chaincode: LONG,
      input: [Buffer.from(LONG)],
      sender: { mspId: 'AMSP', commonName: LONG, attributes },
    });
    assert.ok(JSON.stringify(taken).length < 2_000);
    assert.match(taken.name, /^x{200}…$/);
    assert.match(taken.sender.person!, /^x{200}…$/);
  });

  it('keeps an argument that the rules would read, and none that is too long, too deep or no JSON', () => {
    assert.equal(argumentOf('study:start', '{"studyId":"s"}'), '{"studyId":"s"}');
    assert.equal(argumentOf('study:start', 'no JSON'), undefined);
    assert.equal(argumentOf('study:start', JSON.stringify(LONG)), undefined);
    assert.equal(argumentOf('constructor', JSON.stringify(LONG)), undefined);
    assert.equal(argumentOf('study:start', '['.repeat(10_000) + ']'.repeat(10_000)), undefined);
    const dictionary = JSON.stringify('x'.repeat(100_000));
    assert.equal(argumentOf('dataset:register', dictionary), dictionary);
  });
});
