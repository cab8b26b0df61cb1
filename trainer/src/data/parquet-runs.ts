// Numbers that Parquet packs as runs (its RLE and bit-packing hybrid: levels, and places in dictionaries), unpacked a
// few thousand at a time: a run of a few bytes can say billions of values, and takes no room for them here.

/** Bytes that are no such runs. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** Places on their way to what they mean: few enough to stay in the processor's fastest memory. */
const PLACES = new Uint32Array(1024);

export class RunReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #width: number;
  #at: number;
  #left = 0;
  #isPacked = false;
  #value = 0;
  /** Bits of the byte at hand that are used already. */
  #bit = 0;

  /** @param width bits of a number, at most 24 */
  constructor(bytes: Uint8Array, start: number, width: number) {
    if (width > 24) throw new RunError('a dictionary of more than 2^24 values');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#width = width;
  }

  /** Refuses runs that do not say as many numbers as there are: others who read them would write on behind the last. */
  static check(
    bytes: Uint8Array,
    { start, width, count }: { start: number; width: number; count: number },
  ): void {
    const reader = new RunReader(bytes, start, width);
    for (let left = count; left > 0; ) {
      reader.#nextRun();
      const most = reader.#isPacked ? left + 7 : left;
      if (reader.#left > most) throw new RunError('a run goes on behind the last number');
      left -= reader.#left;
      if (reader.#isPacked) reader.#at += (reader.#left / 8) * width;
    }
  }

  /** Whether the next numbers are all this one, of one run; then they are taken. */
  takeIfAll(value: number, count: number): boolean {
    if (this.#left === 0 && count > 0) this.#nextRun();
    if (this.#isPacked || this.#value !== value || this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** The next numbers, into the beginning of an array. @throws RunError where there are fewer */
  take(into: Uint32Array, count: number): void {
    for (let done = 0; done < count; ) {
      if (this.#left === 0) this.#nextRun();
      const some = Math.min(this.#left, count - done);
      if (this.#isPacked) this.#unpack(into, done, done + some);
      else into.fill(this.#value, done, done + some);
      this.#left -= some;
      done += some;
    }
  }

  /**
   * What the next numbers mean, by their places in a table, into an array from a place on.
   *
   * @returns false where a number is no place of the table
   * @throws RunError where there are fewer
   */
  takeMeanings(
    meanings: Float64Array,
    { into, from, count }: { readonly into: Float64Array; readonly from: number; readonly count: number },
  ): boolean {
    const places = PLACES;
    const { length } = meanings;
    let most = 0;
    for (let done = 0; done < count; ) {
      if (this.#left === 0) this.#nextRun();
      const some = Math.min(this.#left, count - done, places.length);
      const at = from + done;
      if (this.#isPacked) {
        this.#unpack(places, 0, some);
        for (let i = 0; i < some; i++) {
          const place = places[i]!;
          if (place > most) most = place;
          into[at + i] = meanings[place < length ? place : 0]!;
        }
      } else {
        if (this.#value > most) most = this.#value;
        into.fill(meanings[this.#value]!, at, at + some);
      }
      this.#left -= some;
      done += some;
    }
    return most < length;
  }

  /** Whether the next numbers are all below a limit; they are taken. @throws RunError where there are fewer */
  areBelow(limit: number, count: number): boolean {
    // No number of so few bits reaches it: then nothing is looked at.
    const isAnyBelow = limit >= 2 ** this.#width;
    let most = -1;
    for (let done = 0; done < count; ) {
      if (this.#left === 0) this.#nextRun();
      const some = Math.min(this.#left, count - done);
      if (!this.#isPacked) most = Math.max(most, this.#value);
      else if (isAnyBelow) this.#skip(some);
      else most = Math.max(most, this.#mostOf(some));
      this.#left -= some;
      done += some;
    }
    return most < limit;
  }

  /** The largest of the next packed numbers. */
  #mostOf(count: number): number {
    const view = this.#view;
    const width = this.#width;
    const mask = 2 ** width - 1;
    let at = this.#at;
    let bit = this.#bit;
    this.#skip(count);
    const whole = this.#wholeUpTo(at, count);
    let most = 0;
    for (let i = 0; i < whole; i++) {
      const value = (view.getInt32(at, true) >>> bit) & mask;
      if (value > most) most = value;
      bit += width;
      at += bit >>> 3;
      bit &= 7;
    }
    for (let i = whole; i < count; i++) {
      const value = (this.#lastBytes(at) >>> bit) & mask;
      if (value > most) most = value;
      bit += width;
      at += bit >>> 3;
      bit &= 7;
    }
    return most;
  }

  #unpack(into: Uint32Array, from: number, to: number): void {
    const view = this.#view;
    const width = this.#width;
    const mask = 2 ** width - 1;
    let at = this.#at;
    let bit = this.#bit;
    this.#skip(to - from);
    const whole = from + this.#wholeUpTo(at, to - from);
    for (let place = from; place < whole; place++) {
      into[place] = (view.getInt32(at, true) >>> bit) & mask;
      bit += width;
      at += bit >>> 3;
      bit &= 7;
    }
    for (let place = whole; place < to; place++) {
      into[place] = (this.#lastBytes(at) >>> bit) & mask;
      bit += width;
      at += bit >>> 3;
      bit &= 7;
    }
  }

  /** How many of the packed numbers from a byte on begin where four bytes can be read: no number lies in more. */
  #wholeUpTo(at: number, count: number): number {
    const bits = (this.#bytes.length - 3 - at) * 8 - 7;
    return this.#width === 0 ? 0 : Math.max(0, Math.min(count, Math.floor(bits / this.#width)));
  }

  /** Four bytes, of which the last may lie behind the end and are 0. */
  #lastBytes(at: number): number {
    const bytes = this.#bytes;
    const [first = 0, second = 0, third = 0, fourth = 0] = [
      bytes[at],
      bytes[at + 1],
      bytes[at + 2],
      bytes[at + 3],
    ];
    return first | (second << 8) | (third << 16) | (fourth << 24);
  }

  /** Goes behind packed numbers. @throws RunError where they are not all there */
  #skip(count: number): void {
    const end = this.#bit + count * this.#width;
    // The last run may say more numbers than it has bytes for: those are never asked for.
    if (this.#at + Math.ceil(end / 8) > this.#bytes.length) throw new RunError('a run is cut short');
    this.#at += Math.floor(end / 8);
    this.#bit = end % 8;
  }

  #nextRun(): void {
    this.#bit = 0;
    do {
      const header = this.#varInt();
      this.#isPacked = header % 2 === 1;
      const size = Math.floor(header / 2);
      this.#left = this.#isPacked ? size * 8 : size;
      // An empty run of one value has the value all the same.
      if (!this.#isPacked) this.#value = this.#runValue();
    } while (this.#left === 0);
  }

  #runValue(): number {
    let value = 0;
    for (let shift = 0; shift < this.#width; shift += 8) value |= this.#byte() << shift;
    return value;
  }

  #varInt(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RunError('a run says too much');
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new RunError('a run is cut short');
    return this.#bytes[this.#at++]!;
  }
}
