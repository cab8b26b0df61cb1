// A statement that somebody can check alone: with it go the configurations of the channel from block 0 on, which say
// whose certificates and whose orderers count. For those who compare two histories by hand, without a ledger.
//
//     {"channel":"…","format":"consilium-history/1"}
//     {"header":…, "envelopes":[…], …}        each block that holds a configuration, as in a file of evidence
//     {"witness":{…}}

import { canonicalJson } from '@consilium/domain';
import { type BlockHeader, dataHashOf, headerHash } from '../blocks/block-header.ts';
import type { Problem } from '../blocks/block-replay.ts';
import { BrokenChainError } from '../blocks/chain-links.ts';
import { ChainWalk } from '../blocks/chain-walk.ts';
import { readBlock } from '../blocks/fabric-block.ts';
import {
  type BundlePart,
  partLine,
  readLines,
  type ShownBlock,
  UnreadableBundleError,
} from '../bundle/bundle-file.ts';
import { FieldError } from '../bundle/fields.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { sameBytes, utf8Bytes } from '../wire/bytes.ts';
import { hex } from '../wire/digests.ts';
import { headerProblem, signerProblem } from './statement-check.ts';
import type { WitnessStatement } from './witness-statement.ts';

/** The name and version of the file's form. */
export const HISTORY_FORMAT = 'consilium-history/1';

/** What a gateway saw, as a file shows it. */
export interface ShownHistory {
  readonly statement: WitnessStatement;
  readonly channel: string;
  /** Organisations whose orderers signed the header of the statement. */
  readonly orderers: readonly string[];
  /** Of blocks whose hash orderers signed: of those that are shown, and of the one before each. */
  readonly hashes: ReadonlyMap<number, string>;
}

/** @param configurations blocks with a configuration, whole, from block 0 on */
export function makeHistoryFile(
  statement: WitnessStatement,
  configurations: readonly Uint8Array[],
): Uint8Array {
  const first = canonicalJson({ format: HISTORY_FORMAT, channel: statement.channel });
  const blocks = configurations.map((bytes) => {
    const { header, envelopes, orderers } = readBlock(bytes);
    const signed = header.number === 0 ? undefined : orderers;
    return partLine({ kind: 'block', header, envelopes, invalid: [], orderers: signed });
  });
  return utf8Bytes([`${first}\n`, ...blocks, partLine({ kind: 'witness', statement })].join(''));
}

/**
 * What a file shows, and the first thing that does not hold.
 *
 * @throws UnreadableBundleError where it is no such file
 */
export function checkHistory(
  file: Uint8Array,
  trusted: { readonly genesis: string },
): { readonly history: ShownHistory } | { readonly problem: Problem } {
  const { channel, blocks, statement } = readHistory(file);
  try {
    return { history: historyOf({ channel, blocks, statement }, trusted.genesis) };
  } catch (error) {
    if (!(error instanceof BrokenChainError)) throw error;
    return { problem: { place: error.place, text: error.message } };
  }
}

interface HistoryParts {
  readonly channel: string;
  readonly blocks: readonly ShownBlock[];
  readonly statement: WitnessStatement;
}

function readHistory(file: Uint8Array): HistoryParts {
  const { first: channel, parts: lines } = readLines([file], (fields) => {
    const [format, name] = [fields.text('format'), fields.text('channel')];
    fields.end();
    if (format !== HISTORY_FORMAT) throw new FieldError(`the format is not ${HISTORY_FORMAT}`);
    return name;
  });
  const parts = [...lines];
  const blocks = parts.slice(0, -1).filter((part: BundlePart) => part.kind === 'block');
  const last = parts.at(-1);
  if (last?.kind !== 'witness' || blocks.length !== parts.length - 1) {
    throw new UnreadableBundleError(
      parts.length + 1,
      'it is not configurations with one statement after them',
    );
  }
  return { channel, blocks, statement: last.statement };
}

/** @throws BrokenChainError */
function historyOf({ channel, blocks, statement }: HistoryParts, genesis: string): ShownHistory {
  const replay = { replay: () => [], passHidden: () => {} };
  const walk = new ChainWalk({ channel, genesis, replay });
  let before: ChannelConfiguration | undefined;
  let last: BlockHeader | undefined;
  for (const block of blocks) {
    follow(walk, block, last);
    if (block.header.number < statement.header.number) before = walk.end().configuration;
    last = block.header;
  }
  if (last === undefined || before === undefined) throw new BrokenChainError('block 0', 'it is missing');
  followStatement(walk, statement, { last, before });
  const problem = signerProblem(statement, { channel, genesis, configurations: [before] });
  if (problem !== undefined) throw new BrokenChainError('statement', problem.text);
  const { signedBy } = walk.end();
  return { statement, channel, orderers: [...signedBy.keys()].sort(), hashes: hashesOf(blocks, statement) };
}

function follow(walk: ChainWalk, block: ShownBlock, last: BlockHeader | undefined): void {
  const { number } = block.header;
  const place = `block ${number}`;
  if (last === undefined ? number !== 0 : number <= last.number) {
    throw new BrokenChainError(place, 'configurations are expected in their order here, from block 0 on');
  }
  if (!sameBytes(dataHashOf(block.envelopes), block.header.dataHash)) {
    throw new BrokenChainError(place, 'it does not hold the data that its header names');
  }
  walk.follow(block);
  if (walk.configurationBlock !== number) throw new BrokenChainError(place, 'it holds no configuration');
}

function followStatement(
  walk: ChainWalk,
  { header, orderers }: WitnessStatement,
  { last, before }: { readonly last: BlockHeader; readonly before: ChannelConfiguration },
): void {
  const place = `block ${header.number}`;
  const problem = headerProblem({ header, orderers }, before);
  if (problem !== undefined) throw new BrokenChainError(place, problem);
  if (header.number > last.number) walk.follow({ kind: 'header', header, orderers });
  else if (header.number < last.number)
    throw new BrokenChainError(place, 'it is before the last configuration');
  else if (!sameBytes(headerHash(header), headerHash(last))) {
    throw new BrokenChainError(place, 'it is not the block with the configuration that is shown');
  }
}

/** @throws BrokenChainError where a header names another block before it than the one that is shown */
function hashesOf(blocks: readonly ShownBlock[], statement: WitnessStatement): Map<number, string> {
  const hashes = new Map<number, string>();
  for (const { header } of [...blocks, statement]) {
    const { number, previousHash } = header;
    const before = hashes.get(number - 1);
    if (before !== undefined && before !== hex(previousHash)) {
      throw new BrokenChainError(`block ${number}`, `it does not follow block ${number - 1}, which is shown`);
    }
    if (number > 0) hashes.set(number - 1, hex(previousHash));
    hashes.set(number, hex(headerHash(header)));
  }
  return hashes;
}
