// The chain of a bundle, walked from the genesis digest on: each header follows from the one before, holds its data, and
// is signed by those who order under the configuration of then; configurations follow from each other.

import type { BundlePart, HiddenBlocks, ShownBlock, ShownHeader } from '../bundle/bundle-file.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { readConfigEnvelope, updateProblem } from '../channel/configuration-update.ts';
import { hex, sameBytes } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { dataHashOf, headerHash } from './block-header.ts';
import { lastConfigOf } from './fabric-block.ts';
import type { LedgerReplay, Problem } from './ledger-replay.ts';
import { checkOrderers } from './orderer-check.ts';
import { readEnvelope } from './transaction.ts';

/** What a bundle's chain showed. */
export interface Chain {
  readonly configuration: ChannelConfiguration;
  /** The number of blocks, shown or not. */
  readonly height: number;
  readonly lastHash: string;
  readonly configurationBlocks: readonly number[];
  /** How many blocks each organisation's orderers signed. */
  readonly signedBy: ReadonlyMap<string, number>;
}

/** A problem after which nothing that follows means anything. */
export class BrokenChainError extends Error {
  override readonly name = 'BrokenChainError';
  readonly place: string;

  constructor(place: string, text: string) {
    super(text);
    this.place = place;
  }
}

export class ChainWalk {
  readonly problems: Problem[] = [];
  readonly #channel: string;
  readonly #genesis: string;
  readonly #replay: LedgerReplay;
  readonly #signedBy = new Map<string, number>();
  readonly #configurationBlocks: number[] = [];
  #configuration: ChannelConfiguration | undefined;
  #height = 0;
  #previousHash: Uint8Array = new Uint8Array();
  /** The number of the first of the blocks that no signed header follows yet. */
  #unsignedFrom: number | undefined;

  constructor(channel: string, genesis: string, replay: LedgerReplay) {
    this.#channel = channel;
    this.#genesis = genesis;
    this.#replay = replay;
  }

  /** @throws BrokenChainError */
  walk(part: Exclude<BundlePart, { kind: 'answer' }>): void {
    try {
      if (part.kind === 'hidden') this.#pass(part);
      else this.#follow(part);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      throw new BrokenChainError(`block ${this.#height}`, error.message);
    }
  }

  /** @throws BrokenChainError where blocks are at the end that no orderer signed, or there are none */
  end(): Chain {
    if (this.#unsignedFrom !== undefined) {
      throw new BrokenChainError(`block ${this.#unsignedFrom}`, 'no signed block follows it');
    }
    if (this.#configuration === undefined) throw new BrokenChainError('block 0', 'it is missing');
    return {
      configuration: this.#configuration,
      height: this.#height,
      lastHash: hex(this.#previousHash),
      configurationBlocks: this.#configurationBlocks,
      signedBy: this.#signedBy,
    };
  }

  #pass({ from, dataHashes }: HiddenBlocks): void {
    if (from !== this.#height || from === 0 || dataHashes.length === 0) {
      throw new BrokenChainError(`blocks from ${from}`, `blocks from ${this.#height} are expected here`);
    }
    this.#unsignedFrom ??= from;
    for (const dataHash of dataHashes) {
      const header = { number: this.#height, previousHash: this.#previousHash, dataHash };
      this.#previousHash = headerHash(header);
      this.#height += 1;
    }
    this.#replay.passHidden();
  }

  #follow(part: ShownBlock | ShownHeader): void {
    const { header } = part;
    const place = `block ${header.number}`;
    if (header.number !== this.#height) {
      throw new BrokenChainError(place, `block ${this.#height} is expected here`);
    }
    if (!sameBytes(header.previousHash, this.#previousHash)) {
      const before =
        this.#unsignedFrom === undefined
          ? `block ${header.number - 1}`
          : `blocks ${this.#unsignedFrom} to ${header.number - 1}, which are not shown`;
      throw new BrokenChainError(place, `it does not follow ${before}: the hash that it names is another`);
    }
    if (part.kind === 'block' && !dataHashOf(part.envelopes).equals(header.dataHash)) {
      throw new BrokenChainError(place, 'it does not hold the data that its header names');
    }
    if (header.number === 0) this.#begin(part);
    else this.#continue(part);
    this.#previousHash = headerHash(header);
    this.#height += 1;
    this.#unsignedFrom = undefined;
    if (part.kind === 'header') this.#replay.passHidden();
  }

  #begin(part: ShownBlock | ShownHeader): void {
    const digest = headerHash(part.header).toString('hex');
    if (digest !== this.#genesis) {
      throw new BrokenChainError('block 0', `its digest is ${digest}, and ${this.#genesis} is trusted`);
    }
    const configuration = part.kind === 'block' ? configurationIn(part) : undefined;
    if (part.kind !== 'block' || configuration === undefined || part.orderers !== undefined) {
      throw new BrokenChainError(
        'block 0',
        'it is not shown as the configuration that the channel began with',
      );
    }
    this.#checkFlags(part);
    if (configuration.channel !== this.#channel) {
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
    for (const mspId of new Set(checked.signers)) {
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
        ...this.#replay.replay(header.number, envelopes, { configuration: before, invalid }),
      );
    }
  }

  #reconfigure(before: ChannelConfiguration, next: ReadConfiguration, part: ShownBlock): void {
    const place = `block ${part.header.number}`;
    this.#checkFlags(part);
    const problem =
      next.channel === this.#channel
        ? updateProblem(before, next.configuration, { channel: this.#channel, lastUpdate: next.lastUpdate })
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
