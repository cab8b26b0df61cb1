// Which blocks a file of evidence shows: those that wrote the rows its peers read when they answered, and all that
// these need. Of the others only the hash of their data is there.

import { readsOf } from '../blocks/block-replay.ts';
import { readBlock } from '../blocks/fabric-block.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { plainAnswer } from '../claims/answer-form.ts';
import { mustBeShown } from '../claims/questions.ts';
import { concatBytes, utf8Bytes } from '../wire/bytes.ts';
import type { WitnessStatement } from '../witness/witness-statement.ts';
import { type BundleClaim, FORMAT, type Subject } from './bundle-claim.ts';
import { type BundlePart, claimLine, partLine } from './bundle-file.ts';
import { type BlockSource, type IndexedBlock, type SubjectIndex, VALID } from './chain-index.ts';
import { disclosureOf } from './disclosure.ts';

/** What a bundle is made of: what it proves, and what its blocks and answers are. */
export interface BundleOptions {
  readonly channel: string;
  readonly chaincode: string;
  readonly subject: Subject;
  /** Of this subject; it is read on to the height. */
  readonly index: SubjectIndex;
  /** The number of blocks to account for: no less than those that the answers read. */
  readonly height: number;
  /** Envelopes with the answers that peers signed. */
  readonly answers: readonly Uint8Array[];
  /** What gateways of other hospitals signed that they saw; none if absent. */
  readonly statements?: readonly WitnessStatement[];
}

/** How many blocks that are not shown a line has at most, some 18 MB: readers refuse lines of 256 MiB. */
const HIDDEN_OF_LINE = 2 ** 18;

/** A bundle in its lines. @throws UnreadableError where a block or an answer is none */
export async function makeBundle(source: BlockSource, options: BundleOptions): Promise<Uint8Array> {
  const { channel, chaincode, subject, index, height, answers, statements = [] } = options;
  await index.read(source, height);
  const blocks = index.blocks.slice(0, height);
  const shown = closureOf(blocks, firstShown(options));
  const parts = await partsOf(source, blocks, shown);
  const claim: Omit<BundleClaim, 'discloses'> = {
    format: FORMAT,
    channel,
    chaincode,
    subject,
    blocks: height,
  };
  const lines = [
    claimLine({ ...claim, discloses: disclosureOf(parts, subject) }),
    ...parts.map(partLine),
    ...answers.map((envelope) => partLine({ kind: 'answer', envelope: plainAnswer(envelope) })),
    ...statements.map((statement) => partLine({ kind: 'witness', statement })),
  ];
  return concatBytes(lines.map(utf8Bytes));
}

/** The blocks of what the answers read and the file has to show; of a transaction, its own. */
function firstShown({ subject, index, answers }: BundleOptions): Set<number> {
  const reads = answers.flatMap((envelope) => readTransaction(readEnvelope(envelope)).sets).flatMap(readsOf);
  const shown = new Set<number>();
  for (const [, { key, version }] of reads) {
    if (version !== undefined && mustBeShown(subject, key)) shown.add(version.block);
  }
  if (index.transaction !== undefined) shown.add(index.transaction.block);
  return shown;
}

function closureOf(index: readonly IndexedBlock[], first: ReadonlySet<number>): Set<number> {
  const shown = new Set<number>();
  const waiting = [
    ...first,
    ...index.flatMap(({ isConfiguration }, number) => (isConfiguration ? [number] : [])),
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const block = index[next];
    if (block === undefined) throw new RangeError(`an answer read of block ${next}, which was not gathered`);
    if (shown.has(next)) continue;
    shown.add(next);
    waiting.push(...block.needs);
  }
  return shown;
}

async function partsOf(
  source: BlockSource,
  index: readonly IndexedBlock[],
  shown: ReadonlySet<number>,
): Promise<BundlePart[]> {
  const parts: BundlePart[] = [];
  let hidden: Uint8Array[] = [];
  const endHidden = (number: number): void => {
    if (hidden.length > 0) parts.push({ kind: 'hidden', from: number - hidden.length, dataHashes: hidden });
    hidden = [];
  };
  for (const [number, { dataHash }] of index.entries()) {
    const isLast = number === index.length - 1;
    if (!shown.has(number) && !isLast) {
      hidden.push(dataHash);
      if (hidden.length === HIDDEN_OF_LINE) endHidden(number + 1);
      continue;
    }
    endHidden(number);
    const { header, envelopes, orderers, codes } = readBlock(await source.block(number));
    if (!shown.has(number)) parts.push({ kind: 'header', header, orderers });
    else {
      const invalid = codes.flatMap((code, place) => (code === VALID ? [] : [place]));
      parts.push({
        kind: 'block',
        header,
        envelopes,
        invalid,
        orderers: number === 0 ? undefined : orderers,
      });
    }
  }
  return parts;
}
