// Whether blocks are one chain: each header names the hash of the one before and the hash of its data.
// Hashes alone, before any signature is looked at: most of what was altered shows here, and is named by its block.

import type { BundlePart, HiddenBlocks, ShownBlock, ShownHeader } from '../bundle/bundle-file.ts';
import { concatBytes } from '../wire/bytes.ts';
import { hex, sameBytes } from '../wire/digests.ts';
import { dataHashOf, headerHash } from './block-header.ts';

/** A problem after which nothing that follows means anything. */
export class BrokenChainError extends Error {
  override readonly name = 'BrokenChainError';
  readonly place: string;

  constructor(place: string, text: string) {
    super(text);
    this.place = place;
  }
}

/** The number of blocks, and the hash of the last header. */
export interface Links {
  readonly height: number;
  readonly lastHash: string;
}

/** @throws BrokenChainError */
export function checkLinks(parts: readonly BundlePart[]): Links {
  const links = new LinkedHeaders();
  let isAnswered = false;
  for (const [i, part] of parts.entries()) {
    if (part.kind === 'answer' || part.kind === 'witness') isAnswered = true;
    else if (isAnswered) throw new BrokenChainError(`line ${i + 2}`, 'blocks follow the answers');
    else if (part.kind === 'hidden') links.pass(part);
    else links.follow(part);
  }
  return links.end();
}

const HASH_BYTES = 32;

/** Hashes of headers by their numbers, in as few bytes as they have: a chain may have millions. */
export class HeaderHashes {
  #bytes = new Uint8Array(1024 * HASH_BYTES);
  #end = 0;

  /** Of the next header. */
  add(hash: Uint8Array): void {
    if (this.#end === this.#bytes.length) this.#bytes = concatBytes([this.#bytes, new Uint8Array(this.#end)]);
    this.#bytes.set(hash, this.#end);
    this.#end += HASH_BYTES;
  }

  /** In hexadecimal; undefined of a number that no header has. */
  get(number: number): string | undefined {
    const at = number * HASH_BYTES;
    return at < this.#end ? hex(this.#bytes.subarray(at, at + HASH_BYTES)) : undefined;
  }
}

export class LinkedHeaders {
  readonly #hashes: HeaderHashes | undefined;
  #height: number;
  #previousHash: Uint8Array;
  /** The number of the first of the blocks that no header of its own follows yet. */
  #hiddenFrom: number | undefined;

  /** Where a chain goes on, with the hash of its last header; `hashes` takes those of all. */
  constructor({
    height = 0,
    previousHash = new Uint8Array(),
    hashes,
  }: {
    readonly height?: number;
    readonly previousHash?: Uint8Array | undefined;
    readonly hashes?: HeaderHashes;
  } = {}) {
    this.#hashes = hashes;
    this.#height = height;
    this.#previousHash = previousHash;
  }

  pass({ from, dataHashes }: HiddenBlocks): void {
    if (from !== this.#height || from === 0 || dataHashes.length === 0) {
      throw new BrokenChainError(`blocks from ${from}`, `blocks from ${this.#height} are expected here`);
    }
    this.#hiddenFrom ??= from;
    for (const dataHash of dataHashes) {
      this.#add({ number: this.#height, previousHash: this.#previousHash, dataHash });
    }
  }

  follow(part: ShownBlock | ShownHeader): void {
    const { header } = part;
    const { number } = header;
    const place = `block ${number}`;
    if (number !== this.#height) throw new BrokenChainError(place, `block ${this.#height} is expected here`);
    if (!sameBytes(header.previousHash, this.#previousHash)) {
      const before =
        this.#hiddenFrom === undefined
          ? `block ${number - 1}`
          : `blocks ${this.#hiddenFrom} to ${number - 1}, which are not shown`;
      throw new BrokenChainError(place, `it does not follow ${before}: the hash that it names is another`);
    }
    if (part.kind === 'block' && !sameBytes(dataHashOf(part.envelopes), header.dataHash)) {
      throw new BrokenChainError(place, 'it does not hold the data that its header names');
    }
    this.#add(header);
    this.#hiddenFrom = undefined;
  }

  end(): Links {
    if (this.#hiddenFrom !== undefined) {
      throw new BrokenChainError(`block ${this.#hiddenFrom}`, 'no signed block follows it');
    }
    if (this.#height === 0) throw new BrokenChainError('block 0', 'it is missing');
    return { height: this.#height, lastHash: hex(this.#previousHash) };
  }

  #add(header: ShownHeader['header']): void {
    this.#previousHash = headerHash(header);
    this.#hashes?.add(this.#previousHash);
    this.#height += 1;
  }
}
