// The file of evidence: one line of canonical JSON for each part, in the order of the chain. Canonical, so that no byte
// of it may be another without that being seen.
//
//     {"format":"consilium-evidence/2", …}   what the file claims
//     {"header":…, "envelopes":[…], …}        a block that is shown
//     {"from":7, "dataHashes":[…]}             blocks that are not shown: of each, the hash of its data
//     {"header":…, "orderers":…}               the last block, of which only the header is shown
//     {"answer":"…"}                           what peers signed when they were asked about what the file claims
import { canonicalJson } from '@consilium/domain';
import type { BlockHeader } from '../blocks/block-header.ts';
import type { OrdererWord } from '../blocks/fabric-block.ts';
import { oneLine } from '../report/one-line.ts';
import { hex } from '../wire/digests.ts';
import { type BundleClaim, claimJson, readClaim } from './bundle-claim.ts';
import { bytesOf, countOf, digestOf, FieldError, Fields } from './fields.ts';

export interface ShownBlock {
  readonly kind: 'block';
  readonly header: BlockHeader;
  readonly envelopes: readonly Uint8Array[];
  /** Places of transactions that peers found invalid. */
  readonly invalid: readonly number[];
  /** Undefined of block 0, which nobody signs. */
  readonly orderers: OrdererWord | undefined;
}
export interface ShownHeader {
  readonly kind: 'header';
  readonly header: BlockHeader;
  readonly orderers: OrdererWord;
}
export interface HiddenBlocks {
  readonly kind: 'hidden';
  readonly from: number;
  readonly dataHashes: readonly Uint8Array[];
}
export interface SignedAnswer {
  readonly kind: 'answer';
  readonly envelope: Uint8Array;
}
export type BundlePart = ShownBlock | ShownHeader | HiddenBlocks | SignedAnswer;

export interface Bundle {
  readonly claim: BundleClaim;
  readonly parts: readonly BundlePart[];
}

/** The file cannot be read; it says at which line. */
export class UnreadableBundleError extends Error {
  override readonly name = 'UnreadableBundleError';
  readonly line: number;

  constructor(line: number, why: string) {
    super(`line ${line}: ${oneLine(why)}`);
    this.line = line;
  }
}

/** A claim as the first line of the file. */
export const claimLine = (claim: BundleClaim): string => `${canonicalJson(claimJson(claim))}\n`;

/** A part as a line of the file. */
export function partLine(part: BundlePart): string {
  return `${canonicalJson(partJson(part))}\n`;
}

function partJson(part: BundlePart): unknown {
  switch (part.kind) {
    case 'block':
      return {
        header: headerJson(part.header),
        envelopes: part.envelopes.map(base64),
        invalid: part.invalid,
        orderers: part.orderers && orderersJson(part.orderers),
      };
    case 'header':
      return { header: headerJson(part.header), orderers: orderersJson(part.orderers) };
    case 'hidden':
      return { from: part.from, dataHashes: part.dataHashes.map(hex) };
    case 'answer':
      return { answer: base64(part.envelope) };
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const headerJson = ({ number, previousHash, dataHash }: BlockHeader) => ({
  number,
  previousHash: hex(previousHash),
  dataHash: hex(dataHash),
});
const orderersJson = ({ value, signatures }: OrdererWord) => ({
  value: base64(value),
  signatures: signatures.map(({ signatureHeader, identifierHeader, signature }) => ({
    ...(signatureHeader.length > 0 && { signatureHeader: base64(signatureHeader) }),
    ...(identifierHeader.length > 0 && { identifierHeader: base64(identifierHeader) }),
    signature: base64(signature),
  })),
});

/** @throws UnreadableBundleError */
export function readBundle(file: Uint8Array): Bundle {
  const lines = linesOf(file);
  const [first, ...rest] = lines;
  if (first === undefined) throw new UnreadableBundleError(1, 'the file is empty');
  return {
    claim: readLine(first, 1, readClaim),
    parts: rest.map((line, i) => readLine(line, i + 2, readPart)),
  };
}

/** Lines as bytes: a file may be larger than a text can be. */
function linesOf(file: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const end = file.indexOf(0x0a, at);
    if (end < 0) throw new UnreadableBundleError(lines.length + 1, 'the file ends within a line');
    lines.push(file.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

function readLine<T>(line: Uint8Array, number: number, read: (value: Fields) => T): T {
  let text: string;
  let value: unknown;
  let canonical: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    value = JSON.parse(text);
    // Nested too deep, it has no text.
    canonical = canonicalJson(value);
  } catch {
    throw new UnreadableBundleError(number, 'not a line of evidence');
  }
  if (canonical !== text) throw new UnreadableBundleError(number, 'not in canonical form');
  try {
    return read(new Fields(value));
  } catch (error) {
    if (error instanceof FieldError) throw new UnreadableBundleError(number, error.message);
    throw error;
  }
}

function readPart(fields: Fields): BundlePart {
  const part = readPartOfKind(fields);
  fields.end();
  return part;
}

function readPartOfKind(fields: Fields): BundlePart {
  if (fields.has('answer')) return { kind: 'answer', envelope: bytesOf(fields.take('answer'), 'answer') };
  if (fields.has('dataHashes')) {
    return { kind: 'hidden', from: fields.count('from'), dataHashes: fields.list('dataHashes', digestOf) };
  }
  const header = fields.object('header', readHeader);
  const orderers = fields.has('orderers') ? fields.object('orderers', readOrderers) : undefined;
  if (fields.has('envelopes')) {
    const envelopes = fields.list('envelopes', bytesOf);
    return { kind: 'block', header, envelopes, invalid: fields.list('invalid', countOf), orderers };
  }
  if (orderers === undefined) throw new FieldError('orderers is missing');
  return { kind: 'header', header, orderers };
}

function readHeader(fields: Fields): BlockHeader {
  const header = {
    number: fields.count('number'),
    previousHash: digestOf(fields.take('previousHash'), 'previousHash'),
    dataHash: digestOf(fields.take('dataHash'), 'dataHash'),
  };
  fields.end();
  return header;
}

function readOrderers(fields: Fields): OrdererWord {
  const value = bytesOf(fields.take('value'), 'value');
  const nothing = new Uint8Array();
  const signatures = fields.list('signatures', (one) => {
    const signature = new Fields(one);
    const optional = (name: string) => (signature.has(name) ? bytesOf(signature.take(name), name) : nothing);
    const read = {
      signatureHeader: optional('signatureHeader'),
      identifierHeader: optional('identifierHeader'),
      signature: bytesOf(signature.take('signature'), 'signature'),
    };
    signature.end();
    return read;
  });
  fields.end();
  return { value, signatures };
}
