// Numbers that Parquet packs as runs (its RLE and bit-packing hybrid: levels, and places in dictionaries), unpacked a
// few thousand at a time: a run of a few bytes can say billions of values, and takes no room for them here.

/** Bytes that are no such runs. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

export class RunReader {
  readonly #bytes: Uint8Array;
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

  #unpack(into: Uint32Array, from: number, to: number): void {
    const bytes = this.#bytes;
    const width = this.#width;
    const mask = 2 ** width - 1;
    const start = this.#at;
    let bit = this.#bit;
    // The last run may say more numbers than it has bytes for: those are never asked for.
    if (start + Math.ceil((bit + (to - from) * width) / 8) > bytes.length)
      throw new RunError('a run is cut short');
    for (let place = from; place < to; place++) {
      const at = start + (bit >>> 3);
      // A number of 24 bits that begins in the middle of a byte lies in four of them.
      const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      into[place] = (four >>> (bit & 7)) & mask;
      bit += width;
    }
    this.#at = start + (bit >>> 3);
    this.#bit = bit & 7;
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
