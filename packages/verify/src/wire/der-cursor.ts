// DER read from its beginning, as Go's cryptobyte reads certificates: element after element, and what follows those
// that are asked for is passed over, whatever it is. Peers take such certificates, and one of them would else stop
// every verifier.
import { hex } from './bytes.ts';
import { DER, type DerElement, elementAt, oidOf } from './der-reader.ts';
import { UnreadableError } from './protobuf-reader.ts';

/** Of a tag with more than one byte. */
const LONG_TAG = 0x1f;

export class DerCursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of what comes next; undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** @throws UnreadableError where no element follows */
  any(): DerElement {
    const element = elementAt(this.#bytes, this.#at);
    if ((element.tag & LONG_TAG) === LONG_TAG) throw new UnreadableError('not DER: a tag of several bytes');
    this.#at += element.raw.length;
    return element;
  }

  /** @throws UnreadableError where another one follows, or none */
  one(tag: number): DerElement {
    if (this.tag !== tag) throw new UnreadableError('not the DER that was expected');
    return this.any();
  }

  /** Undefined where another one follows, or none. */
  optional(tag: number): DerElement | undefined {
    return this.tag === tag ? this.any() : undefined;
  }

  /** Whether what comes next begins like an element, which may go beyond the end; true at the end. */
  get beginsElement(): boolean {
    const digits = this.#bytes[this.#at + 1] ?? 0;
    if (this.isAtEnd || digits < 0x80) return this.isAtEnd || this.#at + 1 < this.#bytes.length;
    const length = this.#bytes.subarray(this.#at + 2, this.#at + 2 + (digits & 0x7f));
    const isShortest = length[0] !== 0 && (length.length > 1 || length[0]! >= 0x80);
    return length.length === (digits & 0x7f) && isShortest && hex(length.slice(-4)) === hex(length);
  }

  /** What is inside the next one. */
  inside(tag: number): DerCursor {
    return new DerCursor(this.one(tag).contents);
  }

  /** A name, in hexadecimal. */
  oid(): string {
    return oidOf(this.one(DER.oid));
  }

  /** What is left, one after the other. */
  *rest(tag?: number): Generator<DerElement> {
    while (!this.isAtEnd) yield tag === undefined ? this.any() : this.one(tag);
  }
}
