// Every byte of a file flipped, one after the other, and each flip judged by the very checks of the verifier, of which
// only those run again that look at the line in question: the whole of it would take days for a file of some size.
// Where none of them finds the flip, the whole verification is asked.

import { dataHashOf } from '../blocks/block-header.ts';
import { BrokenChainError, checkLinks } from '../blocks/chain-links.ts';
import { walkChain } from '../blocks/chain-walk.ts';
import { LedgerReplay } from '../blocks/ledger-replay.ts';
import { checkOrderers } from '../blocks/orderer-check.ts';
import { type Bundle, type BundlePart, readBundle, UnreadableBundleError } from '../bundle/bundle-file.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { answersFrom } from '../claims/signed-answers.ts';
import { type TrustedFacts, verifyBundle } from '../verify-bundle.ts';
import { sameBytes } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { flipped } from './rewritten-bundle.ts';

/** What flipping every byte showed. */
export interface Flips {
  readonly bytes: number;
  /** How many were found at which kind of place: 'line', 'block', 'answer'. */
  readonly found: Readonly<Record<string, number>>;
  /** Places of bytes that may be another without anybody seeing it. */
  readonly unfound: readonly number[];
}

/** Flips one bit of each byte; another bit from one byte to the next. */
export function flipEveryByte(file: Uint8Array, trusted: TrustedFacts): Flips {
  const judge = new FlipJudge(file, trusted);
  const found: Record<string, number> = {};
  const unfound: number[] = [];
  for (let at = 0; at < file.length; at++) {
    const place = judge.placeOf(at, 1 << (at % 7));
    if (place === undefined) unfound.push(at);
    else found[place] = (found[place] ?? 0) + 1;
  }
  return { bytes: file.length, found, unfound };
}

class FlipJudge {
  readonly #file: Uint8Array;
  readonly #trusted: TrustedFacts;
  readonly #bundle: Bundle;
  /** Where each line begins, and where the file ends. */
  readonly #starts: number[] = [0];
  readonly #configurationAt = new Map<number, ChannelConfiguration>();
  readonly #answers: (envelopes: readonly Uint8Array[]) => boolean;

  constructor(file: Uint8Array, trusted: TrustedFacts) {
    this.#file = file;
    this.#trusted = trusted;
    this.#bundle = readBundle(file);
    for (const [i, byte] of file.entries()) if (byte === 0x0a) this.#starts.push(i + 1);
    const { claim, parts } = this.#bundle;
    const shown = new Set(parts.flatMap((part) => (part.kind === 'block' ? [part.header.number] : [])));
    const replay = new LedgerReplay(claim.channel, (block) => shown.has(block));
    const noting = {
      passHidden: () => replay.passHidden(),
      replay: (...block: Parameters<LedgerReplay['replay']>) => {
        this.#configurationAt.set(block[0], block[2].configuration);
        return replay.replay(...block);
      },
    };
    const options = { channel: claim.channel, genesis: trusted.genesis, replay: noting };
    const { chain } = walkChain(parts, options);
    this.#answers = (envelopes) => answersFrom(envelopes, { claim, chain, replay }).problems.length > 0;
  }

  /** The kind of place that is named; undefined where the flip is not found. */
  placeOf(at: number, mask: number): string | undefined {
    const line = this.#lineAt(at);
    const isLineEnd = at === this.#starts[line + 1]! - 1;
    if (line === 0 || isLineEnd) return this.#whole(at, mask);
    const part = this.#partOf(line, at, mask);
    if (part === undefined) return 'line';
    // Most flips are in what a block holds: its header names another.
    if (part.kind === 'block' && !sameBytes(dataHashOf(part.envelopes), part.header.dataHash)) return 'block';
    const parts = this.#bundle.parts.with(line - 1, part);
    try {
      checkLinks(parts);
    } catch (error) {
      if (error instanceof BrokenChainError) return error.place.replace(/ .*/, '');
      throw error;
    }
    if (this.#isRefused(part, parts)) return part.kind === 'answer' ? 'answer' : 'block';
    return this.#whole(at, mask);
  }

  #lineAt(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The line with its flip, read after the file's own first line. */
  #partOf(line: number, at: number, mask: number): BundlePart | undefined {
    const [start, end] = [this.#starts[line]!, this.#starts[line + 1]!];
    const text = flipped(this.#file.subarray(start, end), at - start, mask);
    try {
      return readBundle(Buffer.concat([this.#file.subarray(0, this.#starts[1]), text])).parts[0];
    } catch (error) {
      if (error instanceof UnreadableBundleError) return undefined;
      throw error;
    }
  }

  /** Whether its signatures do not hold any more. */
  #isRefused(part: BundlePart, parts: readonly BundlePart[]): boolean {
    try {
      if (part.kind === 'answer') {
        return this.#answers(parts.flatMap((one) => (one.kind === 'answer' ? [one.envelope] : [])));
      }
      if (part.kind !== 'block' || part.orderers === undefined) return false;
      const configuration = this.#configurationAt.get(part.header.number);
      return (
        configuration !== undefined && 'problem' in checkOrderers(part.header, part.orderers, configuration)
      );
    } catch (error) {
      if (error instanceof UnreadableError) return true;
      throw error;
    }
  }

  #whole(at: number, mask: number): string | undefined {
    try {
      return verifyBundle(flipped(this.#file, at, mask), this.#trusted).problems[0]?.place.replace(/ .*/, '');
    } catch (error) {
      if (error instanceof UnreadableBundleError) return 'line';
      throw error;
    }
  }
}
