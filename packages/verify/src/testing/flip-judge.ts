// What the verifier says of a file with one byte flipped, found by its own checks, of which only those run again that
// look at the line in question: a whole verification for each byte would take hours. Where none of them finds the flip,
// the whole verification is asked.

import { dataHashOf, headerBytes } from '../blocks/block-header.ts';
import { BrokenChainError, checkLinks } from '../blocks/chain-links.ts';
import { type Resumed, walkChain } from '../blocks/chain-walk.ts';
import { LedgerReplay } from '../blocks/ledger-replay.ts';
import { checkOrderers } from '../blocks/orderer-check.ts';
import {
  type Bundle,
  type BundlePart,
  readBundle,
  type ShownBlock,
  type ShownHeader,
  UnreadableBundleError,
} from '../bundle/bundle-file.ts';
import { answersFrom } from '../claims/signed-answers.ts';
import { witnessesIn } from '../claims/witnessed-history.ts';
import { type TrustedFacts, verifyBundle } from '../verify-bundle.ts';
import { sameBytes } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { flipped } from './rewritten-bundle.ts';

/** One byte, of which some bits are others. */
export interface Flip {
  readonly at: number;
  readonly mask: number;
}

/** A line of the file as a flip leaves it. */
interface FlippedLine {
  /** From 1 on, as the verifier counts them. */
  readonly line: number;
  /** What it was. */
  readonly was: BundlePart;
  readonly part: BundlePart;
}

/** The channel, the chaincode and the subject of a claim are those of what follows it. */
const DENIED_BY_CLAIM = /^(block 0|answer \d+|answers|transaction)$/;

export class FlipJudge {
  readonly #file: Uint8Array;
  readonly #trusted: TrustedFacts;
  readonly #bundle: Bundle;
  /** Where each line begins, and where the file ends. */
  readonly #starts: number[] = [0];
  readonly #configurations: readonly Resumed[];
  readonly #answerPlace: (envelopes: readonly Uint8Array[]) => string | undefined;
  readonly #statementPlace: (parts: readonly BundlePart[]) => string | undefined;

  constructor(file: Uint8Array, trusted: TrustedFacts) {
    this.#file = file;
    this.#trusted = trusted;
    this.#bundle = readBundle(file);
    for (const [i, byte] of file.entries()) if (byte === 0x0a) this.#starts.push(i + 1);
    const { claim, parts } = this.#bundle;
    const shown = new Set(parts.flatMap((part) => (part.kind === 'block' ? [part.header.number] : [])));
    const replay = new LedgerReplay(claim.channel, (block) => shown.has(block));
    const { channel } = claim;
    const { genesis } = trusted;
    const { chain } = walkChain(parts, { channel, genesis, replay });
    this.#configurations = chain.configurations;
    this.#answerPlace = (envelopes) => answersFrom(envelopes, { claim, chain, replay }).problems[0]?.place;
    this.#statementPlace = (statements) =>
      witnessesIn(statements, { channel, genesis, chain }).problems[0]?.place;
  }

  /** The place that the verifier names first; undefined where it does not find the flip. */
  placeOf(flip: Flip): string | undefined {
    const line = this.#lineAt(flip.at);
    const isLineEnd = flip.at === this.#starts[line]! - 1;
    if (line === 1 || isLineEnd) return this.placeByAllChecks(flip);
    const part = this.#partOf(line, flip);
    if (part === undefined) return `line ${line}`;
    const was = this.#bundle.parts[line - 2]!;
    return this.#placeByItsLine({ line, was, part }) ?? this.placeByAllChecks(flip);
  }

  /** The same, by the whole verification. */
  placeByAllChecks({ at, mask }: Flip): string | undefined {
    try {
      return verifyBundle(flipped(this.#file, at, mask), this.#trusted).problems[0]?.place;
    } catch (error) {
      if (error instanceof UnreadableBundleError) return `line ${error.line}`;
      throw error;
    }
  }

  /** Whose place it is that is named for a flip; undefined where it is that of something else. */
  namingOf(flip: Flip, place: string): string | undefined {
    const line = this.#lineAt(flip.at);
    if (place === `line ${line}`) return 'its line';
    // What does not fit a claim is named where it is: the claim could be what was meant.
    if (line === 1) return DENIED_BY_CLAIM.test(place) ? 'what the claim denies' : undefined;
    const was = this.#bundle.parts[line - 2]!;
    for (const part of [was, this.#partOf(line, flip) ?? was]) {
      if (isWithin(place, this.#nameOf(part, line))) return `its ${part.kind}`;
    }
    if (was.kind !== 'hidden') return undefined;
    return isWithin(place, this.#nameOf(this.#bundle.parts[line - 1]!, line + 1))
      ? 'the block after those not shown'
      : undefined;
  }

  #nameOf(part: BundlePart, line: number): string {
    switch (part.kind) {
      case 'block':
      case 'header':
        return `block ${part.header.number}`;
      case 'hidden':
        return `blocks from ${part.from}`;
      case 'answer':
        return `answer ${this.#numberOfAnswer(line)}`;
      case 'witness':
        return `statement of ${part.statement.mspId}`;
    }
  }

  #numberOfAnswer(line: number): number {
    return this.#bundle.parts.slice(0, line - 1).filter(({ kind }) => kind === 'answer').length;
  }

  #lineAt(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** The line with its flip, read after the file's own first line; undefined where it cannot be read. */
  #partOf(line: number, { at, mask }: Flip): BundlePart | undefined {
    const [start, end] = [this.#starts[line - 1]!, this.#starts[line]!];
    const text = flipped(this.#file.subarray(start, end), at - start, mask);
    try {
      return readBundle(Buffer.concat([this.#file.subarray(0, this.#starts[1]), text])).parts[0];
    } catch (error) {
      if (error instanceof UnreadableBundleError) return undefined;
      throw error;
    }
  }

  #placeByItsLine(flippedLine: FlippedLine): string | undefined {
    const { line, was, part } = flippedLine;
    switch (part.kind) {
      case 'block':
      case 'header':
        return was.kind === part.kind && sameBytes(headerBytes(was.header), headerBytes(part.header))
          ? this.#placeUnderItsHeader(part)
          : this.#placeByLinks(flippedLine);
      case 'hidden':
        return this.#placeByLinks(flippedLine);
      case 'answer':
        return this.#placeByAnswer(part.envelope, line);
      case 'witness':
        return this.#statementPlace([part]);
    }
  }

  #placeByLinks({ line, part }: FlippedLine): string | undefined {
    try {
      checkLinks(this.#bundle.parts.with(line - 2, part));
      return undefined;
    } catch (error) {
      if (error instanceof BrokenChainError) return error.place;
      throw error;
    }
  }

  /** Most flips are in what a block holds, of which its header names another hash, or in what orderers signed. */
  #placeUnderItsHeader(part: ShownBlock | ShownHeader): string | undefined {
    const { header, orderers } = part;
    const place = `block ${header.number}`;
    if (part.kind === 'block' && !sameBytes(dataHashOf(part.envelopes), header.dataHash)) return place;
    const before = this.#configurations.findLast(({ block }) => block < header.number);
    if (orderers === undefined || before === undefined) return undefined;
    try {
      return 'problem' in checkOrderers(header, orderers, before.configuration) ? place : undefined;
    } catch (error) {
      if (error instanceof UnreadableError) return place;
      throw error;
    }
  }

  #placeByAnswer(envelope: Uint8Array, line: number): string | undefined {
    // What does not hold of one is found without the others.
    const alone = this.#answerPlace([envelope]);
    if (alone === 'answer 1') return `answer ${this.#numberOfAnswer(line)}`;
    const parts = this.#bundle.parts.with(line - 2, { kind: 'answer', envelope });
    return this.#answerPlace(parts.flatMap((one) => (one.kind === 'answer' ? [one.envelope] : [])));
  }
}

const isWithin = (place: string, name: string): boolean => place === name || place.startsWith(`${name}, `);
