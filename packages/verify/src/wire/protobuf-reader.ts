// Protocol buffers as Fabric's signatures cover them, read without generated code: a verifier of evidence should be
// small enough to be read whole. Stricter than the format: a field that may be there once is refused twice, because
// decoders disagree on what the second one means.

/** Bytes that are not the message they should be. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;
const VARINT_BYTES_MAX = 10;
const NOTHING = new Uint8Array();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One message, field by field. Fields that are not asked for are passed over, as Fabric does. */
export class Message {
  readonly #name: string;
  readonly #numbers = new Map<number, bigint[]>();
  readonly #bytes = new Map<number, Uint8Array[]>();

  /** @throws UnreadableError */
  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    for (let at = 0; at < bytes.length; ) at = this.#readField(bytes, at);
  }

  has(field: number): boolean {
    return this.#bytes.has(field) || this.#numbers.has(field);
  }

  /** Empty where the field is absent. */
  bytes(field: number): Uint8Array {
    return this.#once(this.#bytes.get(field), field) ?? NOTHING;
  }

  list(field: number): readonly Uint8Array[] {
    return this.#bytes.get(field) ?? [];
  }

  /** @throws UnreadableError where the bytes are no UTF-8 */
  text(field: number): string {
    return this.#decode(this.bytes(field), field);
  }

  texts(field: number): readonly string[] {
    return this.list(field).map((bytes) => this.#decode(bytes, field));
  }

  /** 0 where the field is absent. @throws UnreadableError beyond 2^53 */
  number(field: number): number {
    const value = this.#once(this.#numbers.get(field), field) ?? 0n;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#unreadable(`field ${field} is too large`);
    return Number(value);
  }

  /** A whole number of either sign; 0 where the field is absent. Beyond 2^53 the nearest. */
  signed(field: number): number {
    return Number(BigInt.asIntN(64, this.#once(this.#numbers.get(field), field) ?? 0n));
  }

  flag(field: number): boolean {
    return this.number(field) !== 0;
  }

  /** The message in a field, all of whose fields are absent where it is. */
  message(field: number, name: string): Message {
    return new Message(name, this.bytes(field));
  }

  /** A map of messages by their names. @throws UnreadableError for a name that is there twice */
  map(field: number): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const bytes of this.list(field)) {
      const entry = new Message(`entry of ${this.#name}`, bytes);
      const key = entry.text(1);
      if (found.has(key)) throw this.#unreadable(`${key} is there twice`);
      found.set(key, entry.bytes(2));
    }
    return found;
  }

  #once<T>(values: readonly T[] | undefined, field: number): T | undefined {
    if (values !== undefined && values.length > 1) throw this.#unreadable(`field ${field} is there twice`);
    return values?.[0];
  }

  #decode(bytes: Uint8Array, field: number): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.#unreadable(`field ${field} is no text`);
    }
  }

  #unreadable(why: string): UnreadableError {
    return new UnreadableError(`not a readable ${this.#name}: ${why}`);
  }

  /** @returns where the next field begins */
  #readField(bytes: Uint8Array, start: number): number {
    const tag = this.#varint(bytes, start);
    const field = Number(tag.value >> 3n);
    if (field === 0) throw this.#unreadable(`no field at byte ${start}`);
    switch (Number(tag.value & 7n)) {
      case VARINT: {
        const { value, end } = this.#varint(bytes, tag.end);
        add(this.#numbers, field, value);
        return end;
      }
      case DELIMITED: {
        const { value, end } = this.#varint(bytes, tag.end);
        if (value > BigInt(bytes.length - end)) throw this.#unreadable(`field ${field} goes beyond its end`);
        const last = end + Number(value);
        add(this.#bytes, field, bytes.subarray(end, last));
        return last;
      }
      case FIXED_64:
        return this.#skip(bytes, tag.end + 8);
      case FIXED_32:
        return this.#skip(bytes, tag.end + 4);
      default:
        throw this.#unreadable(`field ${field} is of no known type`);
    }
  }

  #skip(bytes: Uint8Array, end: number): number {
    if (end > bytes.length) throw this.#unreadable('it goes beyond its end');
    return end;
  }

  #varint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
    let value = 0n;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = bytes[start + i];
      if (byte === undefined) throw this.#unreadable('it goes beyond its end');
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return { value, end: start + i + 1 };
    }
    throw this.#unreadable(`no number at byte ${start}`);
  }
}

function add<T>(map: Map<number, T[]>, field: number, value: T): void {
  const values = map.get(field);
  if (values === undefined) map.set(field, [value]);
  else values.push(value);
}
