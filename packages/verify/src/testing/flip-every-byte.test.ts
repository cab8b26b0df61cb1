// Flips of single bytes, of a small file that has a line of every kind: what the checks of one line say is what the
// whole verification says, and a byte that may be another is not passed over.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { headerBytes } from '../blocks/block-header.ts';
import { readEnvelope } from '../blocks/transaction.ts';
import { FORMAT, type Subject } from '../bundle/bundle-claim.ts';
import { disclosureOf } from '../bundle/disclosure.ts';
import { verifyBundle } from '../verify-bundle.ts';
import { base64, concatBytes } from '../wire/bytes.ts';
import { flipEveryByte, joinFlips } from './flip-every-byte.ts';
import { flipInProcesses } from './flip-in-processes.ts';
import { KEYS } from './made-certificate.ts';
import { type BundlePart, type ShownBlock, writeBundle } from './rewritten-bundle.ts';
import { signedStatement } from './signed-statement.ts';
import {
  CHAINCODE,
  CHANNEL,
  type Organisation,
  organisation,
  SyntheticChannel,
} from './synthetic-channel.ts';
import { unsigned } from './synthetic-transaction.ts';
import { Authority } from './test-authority.ts';

/** So many of a file's bytes are flipped here, and so many of those judged by the whole verification too. */
const ONE_OF = 23;
const COMPARED_ONE_OF = 5;

describe('every byte of a file that is flipped', () => {
  let channel: SyntheticChannel;
  let ordererAuthority: Authority;
  let subject: Subject;
  let answer: BundlePart;
  let statement: BundlePart;
  let file: Buffer;
  let trusted: { genesis: string; chaincode: string };

  before(async () => {
    const organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    const { peers: endorsers, genesis } = channel;
    channel.transact({ rows: [{ key: 'hidden', value: '1' }], endorsers });
    const asked = channel.transact({ rows: [{ key: 'k', value: '1' }], endorsers });
    channel.transact({ rows: [{ key: 'last', value: '1' }], endorsers });
    const { transactionId } = readEnvelope(asked.envelopes[0]!);
    subject = { kind: 'transaction', transactionId };
    const version = { block: asked.header.number, place: 0 };
    const envelope = channel.transaction({
      ...{ rows: [{ key: 'k', version }], endorsers },
      ...{ input: ['audit:listActivities', '{}'], response: '{"items":[]}' },
    });
    answer = { kind: 'answer', envelope: unsigned(envelope) };
    const { authority } = organisations[1] as Organisation;
    const operator = await authority.issue('client', { role: 'operator' });
    statement = {
      kind: 'witness',
      statement: signedStatement(channel.blocks.at(-1)!, operator, { genesis }),
    };
    trusted = { genesis, chaincode: CHAINCODE };
    file = fileWith(channel.blocks.at(-1)!);
  });

  /** Blocks of which one is hidden, and of the last one only the header with this word of orderers. */
  function fileWith({ header, orderers }: Pick<ShownBlock, 'header' | 'orderers'>): Buffer {
    const parts = channel.blocks.map((block): BundlePart => {
      if (block.header.number === 2) return { kind: 'hidden', from: 2, dataHashes: [block.header.dataHash] };
      return block.header.number === header.number ? { kind: 'header', header, orderers: orderers! } : block;
    });
    parts.push(answer, statement);
    const claim = {
      format: FORMAT,
      channel: CHANNEL,
      chaincode: CHAINCODE,
      subject,
      blocks: channel.height,
    } as const;
    return writeBundle({ claim: { ...claim, discloses: disclosureOf(parts, subject) }, parts });
  }

  it('is found at its own place, which is what the whole verification names', () => {
    assert.deepEqual(verifyBundle(file, trusted).problems, []);
    const part = { k: 1 + (file.length % ONE_OF), n: ONE_OF };
    const { bytes, found, elsewhere, unfound, compared } = flipEveryByte(file, trusted, {
      part,
      compareOneOf: COMPARED_ONE_OF,
    });
    assert.equal(bytes, Math.ceil((file.length - part.k + 1) / part.n));
    assert.ok(compared >= bytes / COMPARED_ONE_OF);
    assert.deepEqual([elsewhere, unfound], [[], []]);
    for (const naming of ['its line', 'its block', 'its answer']) assert.ok(found[naming]! > 0, naming);
  });

  it('is flipped by one of the processes that share the file, and by no other', async () => {
    const oneOf = 400;
    const whole = flipEveryByte(file, trusted, { part: { k: 1, n: oneOf } });
    const shared = await flipInProcesses('small', { file, trusted, processes: 2, oneOf });
    assert.equal(shared.bytes, Math.ceil(file.length / oneOf));
    assert.deepEqual({ ...shared, compared: 0 }, { ...whole, compared: 0 });
  });

  it('is named where it may be another: behind the numbers of a signature by an orderer’s key of P-224', async () => {
    const own = KEYS.p224();
    const orderer = await ordererAuthority.issue('orderer', { own });
    const { header } = channel.blocks.at(-1)!;
    const { value, signatures } = channel.orderersOn(header, [orderer], 0);
    const { signatureHeader } = signatures[0]!;
    /** As long as a signature of Ed25519 is, which has one form only. */
    const signedWith = (behind: readonly number[]) => {
      for (;;) {
        const numbers = sign(
          'sha256',
          concatBytes([value, signatureHeader, headerBytes(header)]),
          own.privateKey,
        );
        const signature = Uint8Array.of(...numbers, ...behind);
        const orderers = { value, signatures: [{ ...signatures[0]!, signature }] };
        if (signature.length !== 64) continue;
        const bytes = fileWith({ header, orderers });
        // Of the two numbers that s may be, peers take the smaller one.
        if (verifyBundle(bytes, trusted).problems.length === 0) return { bytes, text: base64(signature) };
      }
    };
    for (const digit of 'AQgw1') {
      const { bytes, text } = signedWith([0, Buffer.from(`${digit}Q==`, 'base64')[0]!]);
      // The last byte is the digit before the last one, and two bits of the last.
      const at = bytes.indexOf(text) + text.length - 4;
      const other = String.fromCharCode(digit.charCodeAt(0) ^ (1 << (at % 7)));
      if (!/[A-Za-z0-9+/]/.test(other)) continue;
      const flips = flipEveryByte(bytes, trusted, { part: { k: at + 1, n: bytes.length } });
      assert.deepEqual(flips, { bytes: 1, found: {}, elsewhere: [], unfound: [at], compared: 1 });
      return;
    }
    assert.fail('no digit becomes another by this bit');
  });

  it('counts together what parts of a file showed', () => {
    const none = { bytes: 1, found: {}, elsewhere: [], unfound: [], compared: 0 };
    const joined = joinFlips([
      { ...none, bytes: 5, found: { 'its line': 2 }, unfound: [9], elsewhere: [{ at: 3, place: 'answers' }] },
      { ...none, bytes: 4, found: { 'its line': 1, 'its block': 3 }, unfound: [4], compared: 2 },
    ]);
    const found = { 'its line': 3, 'its block': 3 };
    const elsewhere = [{ at: 3, place: 'answers' }];
    assert.deepEqual(joined, { bytes: 9, found, elsewhere, unfound: [4, 9], compared: 2 });
  });
});
