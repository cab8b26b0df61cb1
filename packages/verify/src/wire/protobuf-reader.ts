// Protocol buffers as Fabric's signatures cover them, read without generated code: a verifier of evidence should be
// small enough to be read whole. What peers read counts, so that bytes mean here what they mean to Go's decoder,
// however oddly they are written: of a field that is there twice the last one, of a message the fields of both.
// Whoever sends a transaction chooses its bytes, and could else stop every verifier with one that peers take.

/** Bytes that are not the message they should be. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED_32 = 5;
const VARINT_BYTES_MAX = 10;
const FIELD_MAX = 2 ** 29 - 1;
/** Within what is passed over Go's decoder takes larger ones too. */
const PASSED_FIELD_MAX = 2 ** 31 - 1;
const GROUPS_MAX = 10_000;
const NOTHING = new Uint8Array();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One message, field by field. Fields that are not asked for are passed over, as Fabric does. */
export class Message {
  readonly #name: string;
  readonly #numbers = new Map<number, bigint[]>();
  readonly #bytes = new Map<number, Uint8Array[]>();
  readonly #order: Pick<Tag, 'field' | 'type'>[] = [];

  /** @throws UnreadableError */
  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    for (let at = 0; at < bytes.length; ) at = this.#readField(bytes, at);
  }

  /** Whether a field of a message, a text or bytes is there. */
  has(field: number): boolean {
    return this.#bytes.has(field);
  }

  /** Which of these fields is there, where each excludes the others: the last one, with what was written since. */
  choice({
    numbers = [],
    messages,
  }: Choices): { readonly field: number; readonly bytes: Uint8Array } | undefined {
    const isOne = ({ field, type }: Pick<Tag, 'field' | 'type'>): boolean =>
      type === VARINT ? numbers.includes(field) : messages.includes(field);
    const written = this.#order.filter(isOne);
    const field = written.at(-1)?.field;
    if (field === undefined) return undefined;
    const since = written.length - 1 - written.findLastIndex((one) => one.field !== field);
    return { field, bytes: concatenated(this.list(field).slice(-since)) };
  }

  /** Empty where the field is absent. */
  bytes(field: number): Uint8Array {
    return this.#bytes.get(field)?.at(-1) ?? NOTHING;
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
    const value = this.#last(field);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#unreadable(`field ${field} is too large`);
    return Number(value);
  }

  /** A number of 32 bits, such as a kind; 0 where the field is absent. More bits are cut off. */
  int32(field: number): number {
    return Number(BigInt.asIntN(32, this.#last(field)));
  }

  /** A whole number of either sign; 0 where the field is absent. Beyond 2^53 the nearest. */
  signed(field: number): number {
    return Number(BigInt.asIntN(64, this.#last(field)));
  }

  flag(field: number): boolean {
    return this.#last(field) !== 0n;
  }

  /** The message in a field of that type, all of whose fields are absent where it is. */
  message(field: number, name: string): Message {
    return new Message(name, this.merged(field));
  }

  /** The bytes of the message in a field of that type: of several, one after the other, which is one message. */
  merged(field: number): Uint8Array {
    return concatenated(this.list(field));
  }

  /** The message that a field of bytes holds. */
  inBytes(field: number, name: string): Message {
    return new Message(name, this.bytes(field));
  }

  /** A map of messages by their names: of one name the last. */
  map(field: number): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const bytes of this.list(field)) {
      const entry = new Message(`entry of ${this.#name}`, bytes);
      found.set(entry.text(1), entry.merged(2));
    }
    return found;
  }

  #last(field: number): bigint {
    return this.#numbers.get(field)?.at(-1) ?? 0n;
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
    const tag = this.#tag(bytes, start);
    const { field } = tag;
    switch (tag.type) {
      case VARINT: {
        const { value, end } = this.#varint(bytes, tag.end);
        add(this.#numbers, field, value);
        this.#order.push(tag);
        return end;
      }
      case DELIMITED: {
        const end = this.#skip(bytes, tag, 0);
        const length = this.#varint(bytes, tag.end);
        add(this.#bytes, field, bytes.subarray(length.end, end));
        this.#order.push(tag);
        return end;
      }
      default:
        return this.#skip(bytes, tag, 0);
    }
  }

  #tag(bytes: Uint8Array, start: number, most = FIELD_MAX): Tag {
    const { value, end } = this.#varint(bytes, start);
    const field = Number(value >> 3n);
    if (field === 0 || field > most) throw this.#unreadable(`no field at byte ${start}`);
    return { field, type: Number(value & 7n), end };
  }

  /** @returns where what follows a tag ends. Groups are old, and in no message here: passed over, with all in them. */
  #skip(bytes: Uint8Array, { field, type, end }: Tag, depth: number): number {
    switch (type) {
      case VARINT:
        return this.#varint(bytes, end).end;
      case FIXED_64:
        return this.#within(bytes, end + 8);
      case FIXED_32:
        return this.#within(bytes, end + 4);
      case DELIMITED: {
        const length = this.#varint(bytes, end);
        if (length.value > BigInt(bytes.length - length.end)) {
          throw this.#unreadable(`field ${field} goes beyond its end`);
        }
        return length.end + Number(length.value);
      }
      case GROUP: {
        if (depth === GROUPS_MAX) throw this.#unreadable(`field ${field} is nested too deep`);
        for (let at = end; ; ) {
          const tag = this.#tag(bytes, at, PASSED_FIELD_MAX);
          if (tag.type !== GROUP_END) at = this.#skip(bytes, tag, depth + 1);
          else if (tag.field === field) return tag.end;
          else throw this.#unreadable(`field ${field} ends as another`);
        }
      }
      default:
        throw this.#unreadable(`field ${field} is of no known type`);
    }
  }

  #within(bytes: Uint8Array, end: number): number {
    if (end > bytes.length) throw this.#unreadable('it goes beyond its end');
    return end;
  }

  #varint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
    let value = 0n;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = bytes[start + i];
      if (byte === undefined) throw this.#unreadable('it goes beyond its end');
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if (value >= 1n << 64n) break;
      return { value, end: start + i + 1 };
    }
    throw this.#unreadable(`no number at byte ${start}`);
  }
}

/** Fields of which a message has one at most. */
interface Choices {
  readonly numbers?: readonly number[];
  readonly messages: readonly number[];
}

const concatenated = (all: readonly Uint8Array[]): Uint8Array =>
  all.length > 1 ? Buffer.concat(all) : (all[0] ?? NOTHING);

/** Which field follows, how it is written, and where the tag ends. */
interface Tag {
  readonly field: number;
  readonly type: number;
  readonly end: number;
}

function add<T>(map: Map<number, T[]>, field: number, value: T): void {
  const values = map.get(field);
  if (values === undefined) map.set(field, [value]);
  else values.push(value);
}
