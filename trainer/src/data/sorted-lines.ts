// Lines in the order of their texts, however many there are: sorted in memory where they fit, otherwise in runs that
// are merged. Runs lie in one file without a name, encrypted under a key that only this process has and that dies with
// it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, problem } from './data-problem.ts';

const LF = 10;
/** What is sorted at once, at most. */
const RUN_BYTES = 2 ** 27;
/** Of the memory that reading may take: what is sorted at once, where there is little. */
const SHARE_OF_MEMORY = 1 / 4;
/** Where each line begins and ends, and its place in the order. */
const ORDER_BYTES = 12;
const BLOCK_BYTES = 2 ** 20;
const LEAST_BLOCK_BYTES = 2 ** 14;
/** Of the temporary folder's free room: what runs may take, so that the rest of the machine goes on. */
const SHARE_OF_DISK = 0.5;
const ALGORITHM = 'aes-256-ctr';

/** As JavaScript compares texts, by UTF-16 code units: above U+FFFF comes before U+E000 to U+FFFF. */
const rank = (byte: number): number => (byte === 0xee || byte === 0xef ? byte + 8 : byte);

/** A line's bytes, from `start` up to `end`, without the end of the line. */
interface Line {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function compareLines(a: Line, b: Line): number {
  const length = Math.min(a.end - a.start, b.end - b.start);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.bytes[a.start + i]!, b.bytes[b.start + i]!];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.end - a.start - (b.end - b.start);
}

interface Run {
  readonly at: number;
  readonly length: number;
  readonly iv: Uint8Array;
}

export interface SortOptions {
  /** What is sorted in memory at once. */
  readonly runBytes?: number | undefined;
  /** What all runs together may take in the temporary folder; half of what is free there where absent. */
  readonly diskBytes?: number | undefined;
  /** Called before bytes are taken, and with fewer than none once they are given back; throws to end the sorting. */
  readonly claim?: ((bytes: number) => void) | undefined;
}

/** What is sorted at once, where reading may take so much memory. */
export const runBytesFor = (memoryBytes: number): number =>
  Math.min(RUN_BYTES, Math.max(BLOCK_BYTES, Math.floor(memoryBytes * SHARE_OF_MEMORY)));

export class SortedLines implements Disposable {
  readonly #runBytes: number;
  readonly #claim: (bytes: number) => void;
  #diskBytes: number | undefined;
  #bytes: Buffer;
  #used = 0;
  #starts: number[] = [];
  readonly #runs: Run[] = [];
  readonly #key = randomBytes(32);
  #descriptor: number | undefined;
  #written = 0;

  constructor({ runBytes = RUN_BYTES, diskBytes, claim = () => {} }: SortOptions = {}) {
    this.#runBytes = runBytes;
    this.#diskBytes = diskBytes;
    this.#claim = claim;
    this.#bytes = this.#buffer(Math.min(runBytes, BLOCK_BYTES));
  }

  #buffer(size: number): Buffer {
    this.#claim(size);
    return Buffer.allocUnsafeSlow(size);
  }

  /** @param line without an end of line in it @throws DataError NO_ROOM_TO_SORT */
  add(line: string): void {
    const most = line.length * 3 + 1;
    if (this.#used + most > this.#bytes.length) this.#makeRoom(most);
    this.#starts.push(this.#used);
    this.#used += this.#bytes.write(line, this.#used);
    this.#bytes[this.#used++] = LF;
  }

  /** All lines in order, each with its LF, in blocks. Nothing can be added any more. */
  *blocks(): Generator<Uint8Array, void, undefined> {
    const own = this.#sorted();
    if (this.#runs.length === 0) {
      yield* gathered(own);
      return;
    }
    this.#spill(own);
    this.#claim(-this.#bytes.length);
    this.#bytes = Buffer.alloc(0);
    // As they are on the disk, and as they were.
    this.#claim(this.#runs.length * this.#blockBytes() * 2);
    yield* gathered(merged(this.#runs.map((run) => this.#linesOf(run))));
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #makeRoom(wanted: number): void {
    if (this.#used > 0 && this.#used + wanted > this.#runBytes) {
      this.#spill(this.#sorted());
      this.#used = 0;
      this.#starts = [];
    }
    if (this.#used + wanted <= this.#bytes.length) return;
    const size = Math.max(Math.min(this.#bytes.length * 2, this.#runBytes), this.#used + wanted);
    const larger = this.#buffer(size);
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#claim(-this.#bytes.length);
    this.#bytes = larger;
  }

  *#sorted(): Generator<Line, void, undefined> {
    const bytes = this.#bytes;
    const orderBytes = this.#starts.length * ORDER_BYTES;
    this.#claim(orderBytes);
    const starts = Uint32Array.from(this.#starts);
    const ends = Uint32Array.from(starts, (_, i) => (starts[i + 1] ?? this.#used) - 1);
    const order = Uint32Array.from(starts, (_, i) => i);
    order.sort((a, b) => {
      let [i, j] = [starts[a]!, starts[b]!];
      const [iEnd, jEnd] = [ends[a]!, ends[b]!];
      while (i < iEnd && j < jEnd) {
        const one = bytes[i++]!;
        const other = bytes[j++]!;
        if (one !== other) return rank(one) - rank(other);
      }
      return iEnd - i - (jEnd - j);
    });
    for (const place of order) yield { bytes, start: starts[place]!, end: ends[place]! };
    this.#claim(-orderBytes);
  }

  #spill(lines: Iterable<Line>): void {
    this.#descriptor ??= openNameless();
    this.#diskBytes ??= guardRoom(freeBytes) * SHARE_OF_DISK;
    const iv = randomBytes(16);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv);
    const at = this.#written;
    for (const block of gathered(lines)) {
      const sealed = cipher.update(block);
      if (this.#written + sealed.length > this.#diskBytes) throw new DataError([problem('NO_ROOM_TO_SORT')]);
      for (let done = 0; done < sealed.length; ) {
        const wrote = guardRoom(() =>
          writeSync(this.#descriptor!, sealed, done, sealed.length - done, this.#written),
        );
        done += wrote;
        this.#written += wrote;
      }
    }
    this.#runs.push({ at, length: this.#written - at, iv });
  }

  /** Of each run: blocks of all runs are in memory at once. */
  #blockBytes(): number {
    const share = Math.floor(this.#runBytes / (2 * this.#runs.length));
    return Math.min(BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, share));
  }

  *#linesOf({ at, length, iv }: Run): Generator<Line, void, undefined> {
    const blockBytes = this.#blockBytes();
    const decipher = createDecipheriv(ALGORITHM, this.#key, iv);
    let rest: Uint8Array = new Uint8Array();
    for (let done = 0; done < length; ) {
      const sealed = new Uint8Array(Math.min(blockBytes, length - done));
      const got = guardRoom(() => readSync(this.#descriptor!, sealed, 0, sealed.length, at + done));
      if (got === 0) throw new Error('the file of sorted runs is cut short');
      done += got;
      const plain = decipher.update(sealed.subarray(0, got));
      const bytes = rest.length === 0 ? plain : Buffer.concat([rest, plain]);
      let start = 0;
      for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
        yield { bytes, start, end };
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
  }
}

/** A file that is gone from its folder once it is open, and from the disk with this process. */
function openNameless(): number {
  return guardRoom(() => {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-sort-'));
    try {
      return openSync(join(folder, 'runs'), 'wx+', 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize;
}

function guardRoom<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new DataError([problem('NO_ROOM_TO_SORT')], { cause });
  }
}

function* gathered(lines: Iterable<Line>): Generator<Uint8Array, void, undefined> {
  let block = new Uint8Array(BLOCK_BYTES);
  let used = 0;
  for (const { bytes, start, end } of lines) {
    const length = end - start + 1;
    if (used + length > block.length) {
      if (used > 0) yield block.subarray(0, used);
      block = new Uint8Array(Math.max(BLOCK_BYTES, length));
      used = 0;
    }
    block.set(bytes.subarray(start, end), used);
    used += length;
    block[used - 1] = LF;
  }
  if (used > 0) yield block.subarray(0, used);
}

/** Merges runs by a heap of their next lines. */
function* merged(runs: readonly Iterator<Line, void, undefined>[]): Generator<Line, void, undefined> {
  const heap: { line: Line; readonly run: Iterator<Line, void, undefined> }[] = [];
  const isBefore = (i: number, j: number) => compareLines(heap[i]!.line, heap[j]!.line) < 0;
  const sink = (from: number) => {
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && isBefore(child, least)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  };
  for (const run of runs) {
    const next = run.next();
    if (next.done !== true) heap.push({ line: next.value, run });
  }
  for (let at = heap.length >> 1; at >= 0; at--) sink(at);
  while (heap.length > 0) {
    const top = heap[0]!;
    yield top.line;
    const next = top.run.next();
    if (next.done === true) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    } else top.line = next.value;
    sink(0);
  }
}
