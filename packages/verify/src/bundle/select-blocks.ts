// Which blocks a study's evidence needs: those that wrote the rows its peers read when they answered, and from there
// every block that wrote a row before its policy or value was used again, so that all policies are proven. Nothing of a
// row's form is known here: read and write sets say which blocks belong together.

import { readsOf } from '../blocks/block-replay.ts';
import { LIFECYCLE } from '../blocks/endorsement-check.ts';
import { type FabricBlock, readBlock } from '../blocks/fabric-block.ts';

import { type NamespaceSet, rowId, type Version } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type BundleClaim, type BundlePart, claimLine, FORMAT, partLine } from './bundle-file.ts';
import { disclosureOf } from './disclosure.ts';

const VALID = 0;

/** What is kept of each block that was read: which other blocks it needs, and which rows it wrote. */
interface IndexedBlock {
  readonly dataHash: Uint8Array;
  readonly isConfiguration: boolean;
  /** Blocks whose writes its valid transactions wrote over, or whose policies decided about them. */
  readonly needs: readonly number[];
}

/** Where evidence of a study is gathered from: whole blocks by number, in Fabric's encoding. */
export interface BlockSource {
  /** All blocks from the first on, in their order, up to and without this number. */
  blocks(end: number): AsyncIterable<Uint8Array>;
  block(number: number): Promise<Uint8Array>;
}

/** What a bundle is made of: whose study it proves, and where its blocks and answers are read. */
export interface BundleOptions {
  readonly channel: string;
  readonly chaincode: string;
  readonly studyId: string;
  /** The number of blocks to account for: no less than those that the answers read. */
  readonly height: number;
  /** Envelopes with the answers that peers signed. */
  readonly answers: readonly Uint8Array[];
}

/** A bundle in its lines. @throws UnreadableError where a block or an answer is none */
export async function makeBundle(source: BlockSource, options: BundleOptions): Promise<Uint8Array> {
  const { channel, chaincode, studyId, height, answers } = options;
  const index = await indexBlocks(source, height);
  const shown = closureOf(index, answersNeed(answers));
  const parts = await partsOf(source, index, shown);
  const claim: Omit<BundleClaim, 'discloses'> = {
    format: FORMAT,
    channel,
    chaincode,
    studyId,
    blocks: height,
  };
  const lines = [
    claimLine({ ...claim, discloses: disclosureOf(parts, studyId) }),
    ...parts.map(partLine),
    ...answers.map((envelope) => partLine({ kind: 'answer', envelope })),
  ];
  return Buffer.concat(lines.map((line) => Buffer.from(line, 'utf8')));
}

async function indexBlocks(source: BlockSource, height: number): Promise<IndexedBlock[]> {
  const index: IndexedBlock[] = [];
  const writers = new Map<string, Version>();
  for await (const bytes of source.blocks(height)) {
    const block = readBlock(bytes);
    const isConfiguration = isOfConfiguration(block);
    const needs = new Set<number>();
    if (!isConfiguration) {
      for (const [place, envelope] of block.envelopes.entries()) {
        if (block.codes[place] !== VALID) continue;
        noteTransaction(envelope, { block: block.header.number, place }, { writers, needs });
      }
    }
    index.push({ dataHash: block.header.dataHash, isConfiguration, needs: [...needs] });
    if (index.length === height) break;
  }
  return index;
}

function noteTransaction(
  envelope: Uint8Array,
  version: Version,
  { writers, needs }: { readonly writers: Map<string, Version>; readonly needs: Set<number> },
): void {
  const { sets } = readTransaction(readEnvelope(envelope));
  for (const set of sets) {
    const written = writtenIn(set);
    const read = new Map(readsOf(set).map(([, { key, version: of }]) => [key, of]));
    // A definition of a chaincode is spread over rows, of which a change writes only some.
    const used = set.namespace === LIFECYCLE ? [...written, ...read.keys()] : written;
    for (const key of used) {
      const writer = writers.get(rowId(set.namespace, key));
      if (writer !== undefined) needs.add(writer.block);
    }
  }
  for (const set of sets) for (const key of writtenIn(set)) writers.set(rowId(set.namespace, key), version);
}

const writtenIn = ({ writes, policyWrites }: NamespaceSet): string[] =>
  [...writes, ...policyWrites].map(({ key }) => key);

function isOfConfiguration({ envelopes }: FabricBlock): boolean {
  if (envelopes.length !== 1) return false;
  try {
    return readEnvelope(envelopes[0]!).kind === 'configuration';
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}

const answersNeed = (answers: readonly Uint8Array[]): Set<number> =>
  new Set(
    answers
      .flatMap((envelope) => readTransaction(readEnvelope(envelope)).sets)
      .flatMap(readsOf)
      .flatMap(([, { version }]) => (version === undefined ? [] : [version.block])),
  );

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
