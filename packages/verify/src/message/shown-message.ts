// What a client is asked to sign, in words, before it signs: a proposal, or a transaction that peers endorsed. Read
// from the very bytes that are signed. Nobody's signature is checked here: peers and orderers do that.
import { X509Certificate } from 'node:crypto';
import { type Envelope, readEnvelope, readTransaction, type Transaction } from '../blocks/transaction.ts';
import { oneLine } from '../report/one-line.ts';
import { hex, sha256 } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';

export interface ShownMessage {
  readonly kind: 'proposal' | 'transaction';
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly channel: string;
  readonly chaincode: string;
  readonly transactionId: string;
  readonly at: string;
  readonly signer: { readonly mspId: string; readonly certificate: string };
  /** The function, for example study:consent. */
  readonly transaction: string;
  /** Its arguments; parsed where they are JSON. */
  readonly arguments: readonly unknown[];
  /** Of an endorsed transaction. */
  readonly endorsed?: {
    readonly by: readonly string[];
    readonly answer: unknown;
    /** Keys of rows that it writes or whose policy it sets, by chaincode. */
    readonly rows: Readonly<Record<string, readonly string[]>>;
  };
}

/** @throws UnreadableError for bytes that are neither */
export function readMessage(bytes: Uint8Array): ShownMessage {
  // Both hold a header in the first field; an envelope has such a payload in its own first field.
  const envelope = readEnvelope(field(1, bytes));
  if (envelope.kind !== 'transaction')
    throw new UnreadableError('not a proposal or transaction of a chaincode');
  if (!envelope.hasOwnId) throw new UnreadableError("the transaction's id is not its signer's");
  const isProposal = new Message('message', envelope.data).has(1) && !isTransaction(envelope);
  const transaction = isProposal ? undefined : readTransaction(envelope);
  const [name, ...rest] = transaction?.input ?? inputOf(envelope.data);
  return {
    kind: isProposal ? 'proposal' : 'transaction',
    sha256: hex(sha256(bytes)),
    channel: envelope.channel,
    chaincode: envelope.chaincode,
    transactionId: envelope.transactionId,
    at: new Date(envelope.milliseconds).toISOString(),
    signer: signerOf(envelope),
    transaction: textOf(name ?? new Uint8Array()),
    arguments: rest.map(parsed),
    ...(transaction !== undefined && { endorsed: endorsedOf(transaction) }),
  };
}

/** The message in sentences, for a screen. What it says cannot write lines of its own. */
export function messageInWords(message: ShownMessage): string {
  const { kind, signer, endorsed } = message;
  const first =
    kind === 'proposal'
      ? 'A proposal: with its signature peers are asked what it would do. Nothing is written yet.'
      : 'A transaction that peers endorsed: with its signature it is written to the ledger.';
  const lines: [string, string][] = [
    ['transaction', message.transaction],
    ...message.arguments.flatMap((one) => blockOf('argument', one)),
    ['signed by', `${signer.certificate}, of ${signer.mspId}`],
    ['channel', `${message.channel}, chaincode ${message.chaincode}`],
    ['id', message.transactionId],
    ['time', message.at],
    ['SHA-256', message.sha256],
  ];
  if (endorsed !== undefined) {
    lines.push(['endorsed by', `${endorsed.by.join(', ')} (signatures are not checked here)`]);
    lines.push(...blockOf('answer', endorsed.answer));
    for (const [chaincode, keys] of Object.entries(endorsed.rows)) {
      lines.push(...keys.map((key): [string, string] => ['writes', `${chaincode}: ${key}`]));
    }
  }
  const written = lines.map(([name, text]) => `  ${name.padEnd(13)} ${oneLine(text)}\n`);
  return `${first}\n${written.join('')}`;
}

/** JSON on lines of its own, the first one named. */
const blockOf = (name: string, value: unknown): [string, string][] =>
  JSON.stringify(value, undefined, 2)
    .split('\n')
    .map((line, at) => [at === 0 ? name : '', line]);

/** A field of bytes as a message of its own. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Uint8Array.of((number << 3) | 2, ...length, rest), bytes]);
}

/** A transaction's first field is an action with a header in its own first one; a proposal's, an invocation. */
function isTransaction({ data, header }: Envelope): boolean {
  const [action, ...more] = new Message('transaction', data).list(1);
  if (more.length > 0) return true;
  try {
    return Buffer.compare(new Message('action', action!).bytes(1), header.signature) === 0;
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}

function inputOf(proposal: Uint8Array): readonly Uint8Array[] {
  const payload = new Message('proposal', proposal);
  if (!payload.hasOnly(1)) throw new UnreadableError('a proposal with more than its arguments');
  return payload.inBytes(1, 'invocation').message(1, 'invocation').message(3, 'arguments').list(1);
}

function signerOf({ creator }: Envelope): ShownMessage['signer'] {
  const { mspId, pem } = creator.identity;
  try {
    return { mspId, certificate: new X509Certificate(pem).subject.split('\n').join(', ') };
  } catch {
    throw new UnreadableError('the signer has no certificate');
  }
}

function endorsedOf({ endorsements, response, sets }: Transaction): NonNullable<ShownMessage['endorsed']> {
  const written = sets.map(({ namespace, writes, policyWrites, collections }) => {
    const keys = [...writes, ...policyWrites].map(({ key }) => keyInWords(key));
    const hidden = collections.map(({ collection }) => `rows of the private collection ${collection}`);
    return [namespace, [...new Set([...keys, ...hidden])]] as const;
  });
  return {
    by: [...new Set(endorsements.map(({ identity }) => identity.mspId))],
    answer: response.length === 0 ? null : parsed(response),
    rows: Object.fromEntries(written.filter(([, keys]) => keys.length > 0)),
  };
}

/** A composite key is its parts, each ended by a zero. */
const keyInWords = (key: string): string =>
  key
    .split('\0')
    .filter((part) => part !== '')
    .join(' ');

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function parsed(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
