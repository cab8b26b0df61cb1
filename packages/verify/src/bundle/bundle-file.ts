// The file of evidence: one line of canonical JSON for each part, in the order of the chain. Canonical, so that no byte
// of it may be another without that being seen.
//
//     {"format":"consilium-evidence/2", …}   what the file claims
//     {"header":…, "envelopes":[…], …}        a block that is shown
//     {"from":7, "dataHashes":[…]}             blocks that are not shown: of each, the hash of its data
//     {"header":…, "orderers":…}               the last block, of which only the header is shown
//     {"answer":"…"}                           what peers signed when they were asked about what the file claims
//     {"witness":{…}}                          what another hospital's gateway signed that it saw
import { canonicalJson } from '@consilium/domain';
import type { BlockHeader } from '../blocks/block-header.ts';
import type { OrdererWord } from '../blocks/fabric-block.ts';
import { oneLine } from '../report/one-line.ts';
import { base64, concatBytes, hex } from '../wire/bytes.ts';
import { readStatement, statementJson, type WitnessStatement } from '../witness/witness-statement.ts';
import { type BundleClaim, claimJson, readClaim } from './bundle-claim.ts';
import { bytesOf, canonicalFields, countOf, digestOf, FieldError, type Fields } from './fields.ts';
import { headerJson, orderersJson, readHeader, readOrderers } from './signed-header.ts';

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
/** What the gateway of another hospital signed that it saw. */
export interface ShownStatement {
  readonly kind: 'witness';
  readonly statement: WitnessStatement;
}
export type BundlePart = ShownBlock | ShownHeader | HiddenBlocks | SignedAnswer | ShownStatement;

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
    case 'witness':
      return { witness: statementJson(part.statement) };
  }
}

/** A whole file in memory. @throws UnreadableBundleError */
export function readBundle(file: Uint8Array): Bundle {
  const { claim, parts } = openBundle([file]);
  return { claim, parts: [...parts] };
}

/** The same of a file that comes in pieces: each part is read when it is asked for. @throws UnreadableBundleError */
export function openBundle(
  file: Iterable<Uint8Array>,
  lineBytesMax?: number,
): {
  readonly claim: BundleClaim;
  readonly parts: Iterable<BundlePart>;
} {
  const { first: claim, parts } = readLines(file, readClaim, lineBytesMax);
  return { claim, parts };
}

/** The first line, which says what the file is, and the parts after it, as they are asked for. */
export function readLines<T>(
  file: Iterable<Uint8Array>,
  readFirst: (fields: Fields) => T,
  lineBytesMax: number = LINE_BYTES_MAX,
): { readonly first: T; readonly parts: Iterable<BundlePart> } {
  const lines = linesOf(file, lineBytesMax);
  const first = lines.next();
  if (first.done === true) throw new UnreadableBundleError(1, 'the file is empty');
  return { first: readLine(first.value, 1, readFirst), parts: partsIn(lines) };
}

function* partsIn(lines: Iterable<Uint8Array>): Generator<BundlePart, void, undefined> {
  let number = 1;
  for (const line of lines) yield readLine(line, ++number, readPart);
}

/** More than the longest line of a channel that anybody has, and no more than a text may be. */
const LINE_BYTES_MAX = 2 ** 28;

/** Lines as bytes: a file may be larger than a text, or memory, can be. */
function* linesOf(file: Iterable<Uint8Array>, lineBytesMax: number): Generator<Uint8Array, void, undefined> {
  let number = 1;
  let begun: Uint8Array[] = [];
  let length = 0;
  for (const piece of file) {
    let at = 0;
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, at)) {
      const last = piece.subarray(at, end);
      yield begun.length === 0 ? last : concatBytes([...begun, last]);
      begun = [];
      length = 0;
      number += 1;
      at = end + 1;
    }
    if (at === piece.length) continue;
    begun.push(piece.subarray(at));
    length += piece.length - at;
    if (length > lineBytesMax) throw new UnreadableBundleError(number, 'not a line of evidence');
  }
  if (begun.length > 0) throw new UnreadableBundleError(number, 'the file ends within a line');
}

function readLine<T>(line: Uint8Array, number: number, read: (value: Fields) => T): T {
  try {
    return read(canonicalFields(line));
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
  if (fields.has('witness')) return { kind: 'witness', statement: fields.object('witness', readStatement) };
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
