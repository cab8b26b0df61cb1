// Answers with bytes that nobody signed: peers would take each of them for the same transaction.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { isAnswer, readBundle, rewritten } from '../testing/rewritten-bundle.ts';
import { verifyBundle } from '../verify-bundle.ts';
import { concatBytes, sameBytes } from '../wire/bytes.ts';
import { plainAnswer } from './answer-form.ts';

const { common, peer } = fabricProtos;
const file = readFileSync(
  new URL('../../../../../examples/verify-evidence/evidence.ndjson', import.meta.url),
);
const genesis = '99ebfbeae9917a12c4be6c3b8d0d6a59915d77f1edaeaeb7835b7142972ab2ef';
const honest = readBundle(file).parts.find(isAnswer)!.envelope;
/** A field that no message of an answer has. */
const UNKNOWN = Uint8Array.of(0x7a, 1, 7);

type Envelope = InstanceType<typeof common.Envelope>;
type Payload = InstanceType<typeof common.Payload>;
type Transaction = InstanceType<typeof peer.Transaction>;

function withEnvelope(change: (envelope: Envelope) => void): Uint8Array {
  const envelope = common.Envelope.deserializeBinary(honest);
  change(envelope);
  return envelope.serializeBinary();
}
const withPayload = (change: (payload: Payload) => void): Uint8Array =>
  withEnvelope((envelope) => {
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    change(payload);
    envelope.setPayload(payload.serializeBinary());
  });
const withTransaction = (change: (transaction: Transaction) => void): Uint8Array =>
  withPayload((payload) => {
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    change(transaction);
    payload.setData(transaction.serializeBinary());
  });

const ODD: Readonly<Record<string, Uint8Array>> = {
  'a signature of its sender': withEnvelope((envelope) => envelope.setSignature(Uint8Array.of(1, 2, 3))),
  'a payload before the one that counts': concatBytes([Uint8Array.of(0x0a, 1, 0), honest]),
  'a longer tag': concatBytes([Uint8Array.of(0x8a, 0), honest.subarray(1)]),
  'more in its envelope': concatBytes([honest, UNKNOWN]),
  'more in its payload': withEnvelope((envelope) =>
    envelope.setPayload(concatBytes([envelope.getPayload_asU8(), UNKNOWN])),
  ),
  'more in its transaction': withPayload((payload) =>
    payload.setData(concatBytes([payload.getData_asU8(), UNKNOWN])),
  ),
  'more in its action': withTransaction((transaction) => {
    const [action] = transaction.getActionsList();
    action!.setPayload(concatBytes([action!.getPayload_asU8(), UNKNOWN]));
  }),
};

describe('an answer of peers', () => {
  it('is as gateways write it', () => {
    assert.deepEqual(plainAnswer(honest), honest);
  });

  it('is refused with anything that nobody signed, wherever an envelope has room for it', () => {
    for (const [what, envelope] of Object.entries(ODD)) {
      assert.deepEqual(saidBy(envelope), saidBy(honest), `${what}: peers read the same`);
      const odd = rewritten(file, (parts) =>
        parts.map((part) =>
          isAnswer(part) && sameBytes(part.envelope, honest) ? { ...part, envelope } : part,
        ),
      );
      const [first] = verifyBundle(odd, { genesis }).problems;
      assert.equal(
        `${what}: ${first?.place}: ${first?.text}`,
        `${what}: answer 1: it holds more than an answer and the signatures of peers, or not in the shortest form`,
      );
      assert.deepEqual(plainAnswer(envelope), honest);
    }
  });
});

function saidBy(bytes: Uint8Array) {
  const { endorsements, response } = readTransaction(readEnvelope(bytes));
  return { response, signed: endorsements.map(({ data, signature }) => ({ data, signature })) };
}
