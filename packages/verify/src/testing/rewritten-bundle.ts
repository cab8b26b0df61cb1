// A bundle taken apart and put together otherwise, as a dishonest gateway would, with whatever keys it has.
import type { BundleClaim } from '../bundle/bundle-claim.ts';
import {
  type Bundle,
  type BundlePart,
  claimLine,
  partLine,
  readBundle,
  type ShownBlock,
  type SignedAnswer,
} from '../bundle/bundle-file.ts';

export { dataHashOf, headerBytes, headerHash } from '../blocks/block-header.ts';
export type { BundlePart, ShownBlock, SignedAnswer } from '../bundle/bundle-file.ts';
export { readBundle } from '../bundle/bundle-file.ts';
export { Message } from '../wire/protobuf-reader.ts';

/** The file of these parts. */
export const writeBundle = ({ claim, parts }: Bundle): Buffer =>
  Buffer.from([claimLine(claim), ...parts.map(partLine)].join(''));

/** The same file with other parts, or another claim. */
export function rewritten(
  file: Uint8Array,
  change: (parts: readonly BundlePart[]) => readonly BundlePart[],
  claimed: Partial<BundleClaim> = {},
): Buffer {
  const { claim, parts } = readBundle(file);
  return writeBundle({ claim: { ...claim, ...claimed }, parts: change(parts) });
}

export const isBlock = (part: BundlePart): part is ShownBlock => part.kind === 'block';
export const isAnswer = (part: BundlePart): part is SignedAnswer => part.kind === 'answer';

/** Blocks of these numbers, which are shown, as ones that are not. */
export function hiding(parts: readonly BundlePart[], numbers: ReadonlySet<number>): BundlePart[] {
  const hidden = parts.map((part): BundlePart => {
    if (!isBlock(part) || !numbers.has(part.header.number)) return part;
    return { kind: 'hidden', from: part.header.number, dataHashes: [part.header.dataHash] };
  });
  return hidden;
}

/** A file with one byte changed. */
export function flipped(file: Uint8Array, at: number, mask: number): Buffer {
  const copy = Buffer.from(file);
  copy[at] = copy[at]! ^ mask;
  return copy;
}
