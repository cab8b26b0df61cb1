// A transaction in its envelope, taken apart: who sent it, what was proposed, what it read and wrote, and who endorsed
// that.

import {
  type ClaimedIdentity,
  NOBODY,
  readIdentity,
  readSigner,
  type SignedBytes,
} from '../identity/membership.ts';
import { concatBytes } from '../wire/bytes.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import { type NamespaceSet, readSets } from './read-write-set.ts';

const ENDORSER_TRANSACTION = 3;
const CONFIGURATION = 1;
/** The last date of ECMAScript: 100 million days after 1970. */
const MS_MAX = 8.64e15;

export interface Envelope {
  readonly kind: 'transaction' | 'configuration' | 'other';
  readonly channel: string;
  readonly transactionId: string;
  /** Seconds since 1970, as the sender claims. */
  readonly seconds: number;
  /** The same, in whole milliseconds. */
  readonly milliseconds: number;
  readonly creator: SignedBytes;
  /** Whether the id is the digest of the sender and the sender's nonce. */
  readonly hasOwnId: boolean;
  readonly header: { readonly channel: Uint8Array; readonly signature: Uint8Array };
  readonly chaincode: string;
  readonly data: Uint8Array;
}

/** @throws UnreadableError */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const envelope = new Message('envelope', bytes);
  const payload = envelope.inBytes(1, 'payload');
  const header = payload.message(1, 'header');
  const channel = new Message('channel header', header.bytes(1));
  const signature = new Message('signature header', header.bytes(2));
  const type = channel.int32(1);
  const transactionId = channel.text(5);
  const time = channel.message(3, 'time');
  const seconds = time.signed(1);
  const extension = channel.inBytes(7, 'chaincode header');
  return {
    kind: type === ENDORSER_TRANSACTION ? 'transaction' : type === CONFIGURATION ? 'configuration' : 'other',
    channel: channel.text(4),
    transactionId,
    seconds,
    milliseconds: datable(seconds * 1000 + Math.trunc(time.int32(2) / 1e6)),
    creator: {
      identity: identityOrNobody(signature.bytes(1)),
      data: envelope.bytes(1),
      signature: envelope.bytes(2),
    },
    hasOwnId: transactionId === hex(sha256(signature.bytes(2), signature.bytes(1))),
    header: { channel: header.bytes(1), signature: header.bytes(2) },
    chaincode: type === ENDORSER_TRANSACTION ? extension.message(2, 'chaincode').text(2) : '',
    data: payload.bytes(2),
  };
}

/** The nearest time that a date can say: a sender may claim any. */
const datable = (milliseconds: number): number => Math.min(Math.max(milliseconds, -MS_MAX), MS_MAX);

/** Block 0 is sent by nobody. */
const identityOrNobody = (bytes: Uint8Array): ClaimedIdentity =>
  bytes.length === 0 ? NOBODY : readIdentity(bytes);

export interface Transaction {
  readonly endorsements: readonly SignedBytes[];
  readonly sets: readonly NamespaceSet[];
  /** What endorsers signed of it beside the proposal: sets, answer and chaincode, as one message. */
  readonly result: Uint8Array;
  /** What the chaincode answered. */
  readonly response: Uint8Array;
  /** What the sender asked: the function, and its arguments. */
  readonly input: readonly Uint8Array[];
}

/** @throws UnreadableError where it is not one action whose endorsements are to this very proposal */
export function readTransaction({ data, header, chaincode }: Envelope): Transaction {
  const actions = new Message('transaction', data).list(1);
  if (actions.length !== 1) throw new UnreadableError('not a transaction of one action');
  const action = new Message('action', actions[0]!);
  const payload = action.inBytes(2, 'action');
  const endorsed = payload.message(2, 'endorsed action');
  const response = endorsed.bytes(1);
  const answered = new Message('answer of a peer', response);
  if (!sameBytes(action.bytes(1), header.signature)) {
    throw new UnreadableError('the action has another sender than the envelope');
  }
  const proposed = sha256(header.channel, action.bytes(1), payload.bytes(1));
  if (!sameBytes(proposed, answered.bytes(1))) {
    throw new UnreadableError('the endorsements are to another proposal');
  }
  const result = answered.inBytes(2, 'result');
  if (result.message(4, 'chaincode').text(2) !== chaincode) {
    throw new UnreadableError('the endorsements are to another chaincode');
  }
  const spec = payload.inBytes(1, 'proposal').inBytes(1, 'invocation').message(1, 'invocation');
  return {
    endorsements: endorsed.list(2).map((bytes): SignedBytes => {
      const endorsement = new Message('endorsement', bytes);
      const endorser = endorsement.bytes(1);
      return {
        identity: readSigner(endorser),
        // Made when it is asked for: who sends a transaction may name any number of endorsers.
        get data() {
          return concatBytes([response, endorser]);
        },
        signature: endorsement.bytes(2),
      };
    }),
    sets: readSets(result.bytes(1)),
    result: answered.bytes(2),
    response: result.message(3, 'response').bytes(3),
    input: spec.message(3, 'arguments').list(1),
  };
}
