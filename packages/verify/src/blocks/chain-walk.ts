// A chain, walked from the genesis digest on: each block is signed by those who order under the configuration of then;
// configurations follow from each other; transactions are replayed.

import type { BundlePart, ShownBlock, ShownHeader } from '../bundle/bundle-file.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { readConfigEnvelope, updateProblem } from '../channel/configuration-update.ts';
import { hex } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { headerHash } from './block-header.ts';
import type { BlockReplay, Problem } from './block-replay.ts';
import { BrokenChainError, HeaderHashes, LinkedHeaders, type Links } from './chain-links.ts';
import { lastConfigOf } from './fabric-block.ts';
import { checkOrderers } from './orderer-check.ts';
import { readEnvelope } from './transaction.ts';

/** What a bundle's chain showed. */
export interface Chain extends Links {
  readonly configuration: ChannelConfiguration;
  readonly configurationBlocks: readonly number[];
  /** How many blocks each organisation's orderers signed. */
  readonly signedBy: ReadonlyMap<string, number>;
  /** All configurations with the blocks that hold them, oldest first. */
  readonly configurations: readonly Resumed[];
  /** Of all headers, by their numbers. */
  readonly hashes: HeaderHashes;
}

export interface ChainOptions {
  readonly channel: string;
  readonly genesis: string;
  readonly replay: Pick<BlockReplay, 'replay' | 'passHidden'>;
}

/** A configuration, and the block that holds it: where a walk goes on that was interrupted. */
export interface Resumed {
  readonly configuration: ChannelConfiguration;
  readonly block: number;
}

/**
 * The chain of some parts, which are taken one by one: of those that follow the first answer none.
 *
 * Where a block is not signed as it should be, hashes go on being looked at: one that does not fit says better what
 * was altered.
 *
 * @throws BrokenChainError
 */
export function walkChain(
  parts: Iterable<BundlePart>,
  options: ChainOptions,
): { readonly chain: Chain; readonly problems: readonly Problem[] } {
  const hashes = new HeaderHashes();
  const links = new LinkedHeaders({ hashes });
  const walk = new ChainWalk(options);
  const configurations: Resumed[] = [];
  let broken: BrokenChainError | undefined;
  for (const part of parts) {
    if (part.kind === 'answer' || part.kind === 'witness') break;
    if (part.kind === 'hidden') {
      links.pass(part);
      options.replay.passHidden();
      continue;
    }
    links.follow(part);
    if (broken === undefined) broken = brokenAt(() => walk.follow(part));
    const block = walk.configurationBlock;
    if (block !== undefined && block !== configurations.at(-1)?.block) {
      configurations.push({ block, configuration: walk.end().configuration });
    }
  }
  const linked = links.end();
  if (broken !== undefined) throw broken;
  return { chain: { ...linked, ...walk.end(), configurations, hashes }, problems: walk.problems };
}

function brokenAt(follow: () => void): BrokenChainError | undefined {
  try {
    follow();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenChainError) return error;
    throw error;
  }
}

export class ChainWalk {
  readonly problems: Problem[] = [];
  readonly #options: ChainOptions;
  readonly #signedBy = new Map<string, number>();
  readonly #configurationBlocks: number[] = [];
  #signers: readonly string[] = [];
  #configuration: ChannelConfiguration | undefined;

  constructor(options: ChainOptions, resumed?: Resumed) {
    this.#options = options;
    if (resumed === undefined) return;
    this.#configuration = resumed.configuration;
    this.#configurationBlocks.push(resumed.block);
  }

  /** The block that holds the configuration in force; undefined before the first. */
  get configurationBlock(): number | undefined {
    return this.#configurationBlocks.at(-1);
  }

  /** Organisations whose orderers signed the last block, in the order of their names; none of block 0. */
  get signers(): readonly string[] {
    return this.#signers;
  }

  /** @throws BrokenChainError */
  follow(part: ShownBlock | ShownHeader): void {
    try {
      if (part.header.number === 0) this.#begin(part);
      else this.#continue(part);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      throw new BrokenChainError(`block ${part.header.number}`, error.message);
    }
    if (part.kind === 'header') this.#options.replay.passHidden();
  }

  end(): Omit<Chain, keyof Links | 'configurations' | 'hashes'> {
    const [configurationBlocks, signedBy] = [this.#configurationBlocks, this.#signedBy];
    return { configuration: this.#configuration!, configurationBlocks, signedBy };
  }

  #begin(part: ShownBlock | ShownHeader): void {
    const digest = hex(headerHash(part.header));
    if (digest !== this.#options.genesis) {
      throw new BrokenChainError(
        'block 0',
        `its digest is ${digest}, and ${this.#options.genesis} is trusted`,
      );
    }
    const configuration = part.kind === 'block' ? configurationIn(part) : undefined;
    if (part.kind !== 'block' || configuration === undefined || part.orderers !== undefined) {
      throw new BrokenChainError(
        'block 0',
        'it is not shown as the configuration that the channel began with',
      );
    }
    this.#checkFlags(part);
    if (configuration.channel !== this.#options.channel) {
      throw new BrokenChainError('block 0', `it is of the channel ${configuration.channel}`);
    }
    this.#configuration = configuration.configuration;
    this.#configurationBlocks.push(0);
  }

  #continue(part: ShownBlock | ShownHeader): void {
    const { header, orderers } = part;
    const before = this.#configuration!;
    const place = `block ${header.number}`;
    if (orderers === undefined) throw new BrokenChainError(place, 'no orderer signed it');
    const checked = checkOrderers(header, orderers, before);
    if ('problem' in checked) throw new BrokenChainError(place, checked.problem);
    this.#signers = [...new Set(checked.signers)].sort();
    for (const mspId of this.#signers) {
      this.#signedBy.set(mspId, (this.#signedBy.get(mspId) ?? 0) + 1);
    }
    const next = part.kind === 'block' ? configurationIn(part) : undefined;
    const last = this.#configurationBlocks.at(-1)!;
    const named = lastConfigOf(orderers);
    // A header alone may be that of a block with a configuration: it then names itself.
    const isKnown = named === (next === undefined ? last : header.number);
    if (!isKnown) {
      throw new BrokenChainError(
        place,
        `its orderers say that block ${named} holds the configuration, and the last one shown is in block ${last}`,
      );
    }
    if (next !== undefined && part.kind === 'block') {
      this.#reconfigure(before, next, part);
      return;
    }
    if (part.kind === 'block') {
      const { envelopes, invalid } = part;
      this.#checkPlaces(part);
      this.problems.push(
        ...this.#options.replay.replay(header.number, envelopes, { configuration: before, invalid }),
      );
    }
  }

  #reconfigure(before: ChannelConfiguration, next: ReadConfiguration, part: ShownBlock): void {
    const place = `block ${part.header.number}`;
    this.#checkFlags(part);
    const problem =
      next.channel === this.#options.channel
        ? updateProblem(before, next.configuration, {
            channel: this.#options.channel,
            lastUpdate: next.lastUpdate,
          })
        : `it is of the channel ${next.channel}`;
    if (problem !== undefined) throw new BrokenChainError(place, `its configuration: ${problem}`);
    this.#configuration = next.configuration;
    this.#configurationBlocks.push(part.header.number);
  }

  #checkFlags({ header, invalid }: ShownBlock): void {
    if (invalid.length > 0) {
      this.problems.push({ place: `block ${header.number}`, text: 'its configuration is called invalid' });
    }
  }

  #checkPlaces({ header, envelopes, invalid }: ShownBlock): void {
    const isSorted = invalid.every(
      (place, i) => place < envelopes.length && (i === 0 || place > invalid[i - 1]!),
    );
    if (isSorted) return;
    this.problems.push({
      place: `block ${header.number}`,
      text: 'it calls transactions invalid that it does not hold',
    });
  }
}

type ReadConfiguration = ReturnType<typeof readConfigEnvelope> & { readonly channel: string };

function configurationIn({ envelopes }: ShownBlock): ReadConfiguration | undefined {
  const [first] = envelopes;
  if (first === undefined || envelopes.length !== 1) return undefined;
  try {
    const envelope = readEnvelope(first);
    if (envelope.kind !== 'configuration') return undefined;
    return { ...readConfigEnvelope(envelope.data), channel: envelope.channel };
  } catch (error) {
    if (error instanceof UnreadableError && !looksLikeConfiguration(first)) return undefined;
    throw error;
  }
}

function looksLikeConfiguration(bytes: Uint8Array): boolean {
  try {
    return readEnvelope(bytes).kind === 'configuration';
  } catch {
    return false;
  }
}
