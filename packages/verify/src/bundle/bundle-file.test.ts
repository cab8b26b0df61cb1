import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BundleClaim, FORMAT, type Subject } from './bundle-claim.ts';
import {
  type Bundle,
  claimLine,
  openBundle,
  partLine,
  readBundle,
  UnreadableBundleError,
} from './bundle-file.ts';

const claim: BundleClaim = {
  format: FORMAT,
  channel: 'consortium',
  chaincode: 'consilium',
  subject: { kind: 'study', studyId: 'heart' },
  blocks: 5,
  discloses: { blocks: 1, transactions: 1, otherStudies: [], datasets: ['d'] },
};
const bytes = (text: string) => Buffer.from(text);
const header = (number: number) => ({
  number,
  previousHash: number === 0 ? bytes('') : Buffer.alloc(32, number),
  dataHash: Buffer.alloc(32, 7),
});
const nothing = new Uint8Array();
const orderers = {
  value: bytes('value'),
  signatures: [
    { signatureHeader: bytes('header'), identifierHeader: nothing, signature: bytes('signature') },
    { signatureHeader: nothing, identifierHeader: bytes('number'), signature: bytes('signature') },
  ],
};
const parts: Bundle['parts'] = [
  { kind: 'block', header: header(0), envelopes: [bytes('genesis')], invalid: [], orderers: undefined },
  { kind: 'hidden', from: 1, dataHashes: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] },
  { kind: 'block', header: header(3), envelopes: [bytes('a'), bytes('b')], invalid: [1], orderers },
  { kind: 'header', header: header(4), orderers },
  { kind: 'answer', envelope: bytes('answer') },
];
const file = Buffer.from([claimLine(claim), ...parts.map(partLine)].join(''));
const refused = (text: string, expected: RegExp) =>
  assert.throws(
    () => readBundle(Buffer.from(text)),
    (error) => error instanceof UnreadableBundleError && expected.test(error.message),
  );

describe('a file of evidence', () => {
  it('is read as it was written', () => {
    const read = readBundle(file);
    assert.deepEqual(read.claim, claim);
    assert.equal(Buffer.from([claimLine(read.claim), ...read.parts.map(partLine)].join('')).compare(file), 0);
    assert.deepEqual(
      read.parts.map(({ kind }) => kind),
      parts.map(({ kind }) => kind),
    );
  });

  it('is the same in pieces of any size, and ends where one is missing', () => {
    const whole = readBundle(file);
    for (const size of [1, 7, 100, file.length - 1, file.length + 1]) {
      const pieces = function* (end: number) {
        for (let at = 0; at < end; at += size) yield file.subarray(at, Math.min(at + size, end));
      };
      const { claim: read, parts: inPieces } = openBundle(pieces(file.length));
      assert.deepEqual({ claim: read, parts: [...inPieces] }, whole);
      assert.throws(
        () => [...openBundle(pieces(file.length - 1)).parts],
        /line 6: the file ends within a line/,
      );
    }
  });

  it('is about one subject, of a kind that its first line names', () => {
    const subjects: Subject[] = [
      { kind: 'model', studyId: 'heart' },
      { kind: 'dataset', datasetId: 'd' },
      { kind: 'transaction', transactionId: 'ab' },
    ];
    for (const subject of subjects) {
      const text = claimLine({ ...claim, subject });
      assert.deepEqual(readBundle(Buffer.from(text)).claim.subject, subject);
      refused(text.replace(/"kind":"[a-z]+"/, '"kind":"other"'), /kind is none of/);
      refused(text.replace(/,"kind":"[a-z]+"/, ''), /kind is missing/);
      if (subject.kind !== 'model') {
        refused(text.replace(`"${subject.kind}"`, '"study"'), /studyId is missing/);
      }
    }
  });

  it('from before there were kinds is of a study, and of no other kind', () => {
    const old = claimLine({ ...claim, format: 'consilium-evidence/1' });
    assert.doesNotMatch(old, /kind/);
    assert.deepEqual(readBundle(Buffer.from(old)).claim.subject, claim.subject);
    const text = claimLine({ ...claim, subject: { kind: 'model', studyId: 'heart' } });
    refused(text.replace('evidence/2', 'evidence/1'), /kind is of no known meaning/);
    refused(old.replace('evidence/1', 'evidence/2'), /kind is missing/);
  });

  it('has one form only: no byte may be another and mean the same', () => {
    const text = file.toString('utf8');
    refused(text.replace('{"blocks"', '{ "blocks"'), /line 1: not in canonical form/);
    refused(text.replace('"blocks":5', '"blocks":5.0'), /line 1: not in canonical form/);
    refused(text.replace('"invalid":[1]', '"invalid":[1.5]'), /line 4: invalid is no count/);
    refused(text.replace('YQ==', 'YR=='), /line 4: envelopes is not in base64/);
    refused(text.replace('"consortium"', '"\\u0063onsortium"'), /line 1: not in canonical form/);
    refused(`${text.slice(0, -1)}`, /line 6: the file ends within a line/);
    refused(`\ufeff${text}`, /line 1/);
  });

  it('holds nothing that is not known, and all that is needed', () => {
    const text = file.toString('utf8');
    refused(text.replace('{"answer"', '{"aanswer":"","answer"'), /line 6: aanswer is of no known meaning/);
    refused(text.replace('consilium-evidence/2', 'consilium-evidence/3'), /the format is neither/);
    refused(text.replace(`"dataHash":"${'07'.repeat(32)}"`, '"dataHash":"07"'), /dataHash is no SHA-256/);
    refused('', /the file is empty/);
    refused('[]\n', /line 1: not an object/);
    refused(`${'['.repeat(200_000)}${']'.repeat(200_000)}\n`, /line 1: not a line of evidence/);
  });
});
