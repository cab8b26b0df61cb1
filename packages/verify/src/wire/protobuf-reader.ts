// Protocol buffers as Fabric's signatures cover them, read without generated code: a verifier of evidence should be
// small enough to be read whole. What peers read counts, so that bytes mean here what they mean to Go's decoder,
// however oddly they are written: of a field that is there twice the last one, of a message the fields of both.
// Whoever sends a transaction chooses its bytes, and could else stop every verifier with one that peers take.
import { concatBytes } from './bytes.ts';

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
/** Go's decoder follows as many groups in each other, and the one that is passed over. */
const GROUPS_MAX = 10_001;
const NOTHING = new Uint8Array();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One message, field by field. Fields that are not asked for are passed over, as Fabric does. */
export class Message {
  readonly #name: string;
  readonly #all: Uint8Array;
  /** Where the last number of each field begins. */
  readonly #numbers = new Map<number, number>();
  /** Where bytes of each field begin and end, one pair after the other: a message may have millions of them. */
  readonly #spans = new Map<number, number[]>();

  #hasOtherTypes = false;

  /** @throws UnreadableError */
  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#all = bytes;
    for (let at = 0; at < bytes.length; ) at = this.#readField(at);
  }

  /** Whether a field of a message, a text or bytes is there. */
  has(field: number): boolean {
    return this.#spans.has(field);
  }

  /** Whether all that it says is in these fields, of messages, texts or bytes. */
  hasOnly(...fields: readonly number[]): boolean {
    const isOne = (field: number): boolean => fields.includes(field);
    return !this.#hasOtherTypes && this.#numbers.size === 0 && [...this.#spans.keys()].every(isOne);
  }

  /** Which of these fields is there, where each excludes the others: the last one, with what was written since. */
  choice({
    numbers = [],
    messages,
  }: Choices): { readonly field: number; readonly bytes: Uint8Array } | undefined {
    const written = [
      ...numbers.map((field) => ({ field, isNumber: true, at: this.#numbers.get(field) ?? -1 })),
      ...messages.map((field) => ({ field, isNumber: false, at: this.#spans.get(field)?.at(-2) ?? -1 })),
    ];
    const [last, before] = written.sort((a, b) => b.at - a.at);
    if (last === undefined || last.at < 0) return undefined;
    const { field, isNumber } = last;
    if (isNumber) return { field, bytes: NOTHING };
    return { field, bytes: concatenated(this.#list(field, before?.at ?? -1)) };
  }

  /** Empty where the field is absent. */
  bytes(field: number): Uint8Array {
    const span = this.#spans.get(field);
    return span === undefined ? NOTHING : this.#all.subarray(span.at(-2), span.at(-1));
  }

  list(field: number): readonly Uint8Array[] {
    return this.#list(field, -1);
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
    const start = this.#numbers.get(field);
    if (start === undefined) return 0n;
    let value = 0n;
    for (let i = this.#endOfVarint(start) - 1; i >= start; i--) {
      value = (value << 7n) | BigInt(this.#all[i]! & 0x7f);
    }
    return value;
  }

  /** Those of the field that begin after a place. */
  #list(field: number, after: number): Uint8Array[] {
    const spans = this.#spans.get(field) ?? [];
    const found: Uint8Array[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      if (spans[i]! > after) found.push(this.#all.subarray(spans[i], spans[i + 1]));
    }
    return found;
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
  #readField(start: number): number {
    const tag = this.#tag(start, FIELD_MAX);
    const { field } = tag;
    const end = this.#skip(tag);
    if (tag.type === VARINT) this.#numbers.set(field, tag.end);
    else if (tag.type === DELIMITED) {
      const spans = this.#spans.get(field);
      const begin = this.#endOfVarint(tag.end);
      if (spans === undefined) this.#spans.set(field, [begin, end]);
      else spans.push(begin, end);
    } else this.#hasOtherTypes = true;
    return end;
  }

  #tag(start: number, most: number): Tag {
    const end = this.#endOfVarint(start);
    const value = this.#size(start, end);
    const field = Math.floor(value / 8);
    if (field === 0 || field > most) throw this.#unreadable(`no field at byte ${start}`);
    return { field, type: value % 8, end };
  }

  /**
   * Groups are old, and in no message here: passed over, with all in them. Without recursion, for which a stack may be
   * too small.
   *
   * @returns where what follows a tag ends
   */
  #skip(first: Tag): number {
    if (first.type !== GROUP) return this.#skipOne(first);
    const open = [first.field];
    let at = first.end;
    while (open.length > 0) {
      const tag = this.#tag(at, PASSED_FIELD_MAX);
      const { field, type } = tag;
      at = tag.end;
      if (type === GROUP_END) {
        if (open.pop() !== field) throw this.#unreadable(`field ${field} ends what another began`);
      } else if (type !== GROUP) at = this.#skipOne(tag);
      else if (open.push(field) > GROUPS_MAX) throw this.#unreadable(`field ${field} is nested too deep`);
    }
    return at;
  }

  #skipOne({ field, type, end }: Tag): number {
    switch (type) {
      case VARINT:
        return this.#endOfVarint(end);
      case FIXED_64:
        return this.#within(end + 8);
      case FIXED_32:
        return this.#within(end + 4);
      case DELIMITED: {
        const begin = this.#endOfVarint(end);
        return this.#within(begin + this.#size(end, begin));
      }
      default:
        throw this.#unreadable(`field ${field} is of no known type`);
    }
  }

  #within(end: number): number {
    if (end > this.#all.length) throw this.#unreadable('it goes beyond its end');
    return end;
  }

  /** The number that is there; beyond 2^53 the nearest, which is more than any field or message has. */
  #size(start: number, end: number): number {
    let value = 0;
    for (let i = end - 1; i >= start; i--) value = value * 128 + (this.#all[i]! & 0x7f);
    return value;
  }

  #endOfVarint(start: number): number {
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.#all[start + i];
      if (byte === undefined) throw this.#unreadable('it goes beyond its end');
      if (byte >= 0x80) continue;
      // The tenth byte has the last of 64 bits.
      if (i === VARINT_BYTES_MAX - 1 && byte > 1) break;
      return start + i + 1;
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
  all.length > 1 ? concatBytes(all) : (all[0] ?? NOTHING);

/** Which field follows, how it is written, and where the tag ends. */
interface Tag {
  readonly field: number;
  readonly type: number;
  readonly end: number;
}
