// Every byte of a file flipped, one after the other: what the verifier says of each flip, and whose place it names.
import assert from 'node:assert/strict';
import type { TrustedFacts } from '../verify-bundle.ts';
import { type Flip, FlipJudge } from './flip-judge.ts';

/** The k-th of n parts of a file's bytes, so that processes can share a file: every n-th byte from the k-th on. */
export interface PartOfBytes {
  readonly k: number;
  readonly n: number;
}

/** What flipping showed. */
export interface Flips {
  readonly bytes: number;
  /** How many were found at which place, as 'its line' or 'its block'. */
  readonly found: Readonly<Record<string, number>>;
  /** Flips that are found, and of which a place is named that does not lead to them. */
  readonly elsewhere: readonly { readonly at: number; readonly place: string }[];
  /** Places of bytes that may be another without anybody seeing it. */
  readonly unfound: readonly number[];
  /** How many were judged by the whole verification too, which named the same place. */
  readonly compared: number;
}

/** As far as it is. */
export interface FlipProgress {
  readonly flipped: number;
  readonly of: number;
  readonly unfound: number;
}

interface Options {
  readonly part?: PartOfBytes;
  /** Of how many flips one is judged by the whole verification too. */
  readonly compareOneOf?: number;
  readonly onFlip?: (progress: FlipProgress) => void;
}

/** Flips one bit of each byte; another bit from one byte to the next. */
export function flipEveryByte(
  file: Uint8Array,
  trusted: TrustedFacts,
  { part: { k, n } = { k: 1, n: 1 }, compareOneOf = 997, onFlip }: Options = {},
): Flips {
  const judge = new FlipJudge(file, trusted);
  const found: Record<string, number> = {};
  const elsewhere: { at: number; place: string }[] = [];
  const unfound: number[] = [];
  let [bytes, compared] = [0, 0];
  const of = Math.ceil((file.length - (k - 1)) / n);
  for (let at = k - 1; at < file.length; at += n) {
    const flip: Flip = { at, mask: 1 << (at % 7) };
    const place = judge.placeOf(flip);
    if (bytes % compareOneOf === 0) {
      assert.equal(place, judge.placeByAllChecks(flip), `byte ${at}: what only some checks say of its flip`);
      compared += 1;
    }
    const naming = place === undefined ? undefined : judge.namingOf(flip, place);
    if (place === undefined) unfound.push(at);
    else if (naming === undefined) elsewhere.push({ at, place });
    else found[naming] = (found[naming] ?? 0) + 1;
    bytes += 1;
    onFlip?.({ flipped: bytes, of, unfound: unfound.length });
  }
  return { bytes, found, elsewhere, unfound, compared };
}

/** What all parts of a file showed together. */
export function joinFlips(parts: readonly Flips[]): Flips {
  const found: Record<string, number> = {};
  for (const [naming, count] of parts.flatMap((part) => Object.entries(part.found))) {
    found[naming] = (found[naming] ?? 0) + count;
  }
  const sum = (count: (part: Flips) => number) => parts.reduce((total, part) => total + count(part), 0);
  return {
    bytes: sum(({ bytes }) => bytes),
    found,
    elsewhere: parts.flatMap(({ elsewhere }) => elsewhere).sort((a, b) => a.at - b.at),
    unfound: parts.flatMap(({ unfound }) => unfound).sort((a, b) => a - b),
    compared: sum(({ compared }) => compared),
  };
}
