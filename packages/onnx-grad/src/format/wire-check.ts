// Checks the bytes of an ONNX file before they are decoded, in time and memory that its length bounds: the file follows
// the rules of protobuf and of onnx.proto, gives no single field twice, and stays within the limits of nesting and of
// counts. Fields that this package does not know are skipped, and never written.
import { checkFileCounts, type FileCount, GRAPH_DEPTH, NAME_BYTES } from './graph-limits.ts';
import { graphProblem } from './model-problem.ts';
import { OnnxFormatError } from './onnx-schema.ts';
import { UnsupportedModelError } from './unsupported-model.ts';

type Scalar = 'varint' | 'fixed32' | 'fixed64';
/** `data` are numbers of a tensor as bytes, `text` is read, `note` is for people. */
type Bytes = 'name' | 'text' | 'note' | 'data';
type Message = keyof typeof MESSAGES;

interface Field {
  readonly holds: Scalar | Bytes | { readonly message: string };
  readonly isRepeated: boolean;
  readonly counts: FileCount | undefined;
}

const one = (holds: Field['holds']): Field => ({ holds, isRepeated: false, counts: undefined });
const many = (holds: Field['holds'], counts: FileCount): Field => ({ holds, isRepeated: true, counts });
const of = (message: string) => ({ message });

const MESSAGES = {
  Model: {
    1: one('varint'),
    2: one('text'),
    3: one('text'),
    4: one('text'),
    5: one('varint'),
    6: one('note'),
    7: one(of('Graph')),
    8: many(of('OperatorSet'), 'entries'),
    14: many(of('Entry'), 'entries'),
  },
  Graph: {
    1: many(of('Node'), 'nodes'),
    2: one('name'),
    5: many(of('Tensor'), 'initialisers'),
    10: one('note'),
    11: many(of('ValueInfo'), 'values'),
    12: many(of('ValueInfo'), 'values'),
    13: many(of('ValueInfo'), 'values'),
    15: many(of('SparseTensor'), 'initialisers'),
  },
  Node: {
    1: many('name', 'links'),
    2: many('name', 'links'),
    3: one('name'),
    4: one('name'),
    5: many(of('Attribute'), 'attributes'),
    6: one('note'),
    7: one('name'),
  },
  Attribute: {
    1: one('name'),
    2: one('fixed32'),
    3: one('varint'),
    4: one('text'),
    5: one(of('Tensor')),
    6: one(of('Graph')),
    7: many('fixed32', 'numbers'),
    8: many('varint', 'numbers'),
    9: many('text', 'numbers'),
    13: one('note'),
    20: one('varint'),
    21: one('name'),
  },
  Tensor: {
    1: many('varint', 'numbers'),
    2: one('varint'),
    4: many('fixed32', 'numbers'),
    5: many('varint', 'numbers'),
    7: many('varint', 'numbers'),
    8: one('name'),
    9: one('data'),
    10: many('fixed64', 'numbers'),
    12: one('note'),
    13: many(of('Entry'), 'entries'),
    14: one('varint'),
  },
  SparseTensor: { 1: one(of('Tensor')) },
  Entry: { 1: one('text'), 2: one('note') },
  OperatorSet: { 1: one('name'), 2: one('varint') },
  ValueInfo: { 1: one('name'), 2: one(of('Type')), 3: one('note'), 4: many(of('Entry'), 'entries') },
  Type: { 1: one(of('TensorType')), 6: one('name') },
  TensorType: { 1: one('varint'), 2: one(of('Shape')) },
  Shape: { 1: many(of('Dimension'), 'numbers') },
  Dimension: { 1: one('varint'), 2: one('name'), 3: one('name') },
} as const satisfies Readonly<Record<string, Readonly<Record<number, Field>>>>;

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [WIRE.fixed64, 8],
  [WIRE.fixed32, 4],
]);
const VARINT_BYTES = 10;
/** What ends a line of a log, what a terminal obeys, and what turns the direction of the text that follows. */
const UNREADABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined where the bytes are not UTF-8, as all strings of protobuf are. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const isScalar = (holds: Field['holds']): holds is Scalar =>
  holds === 'varint' || holds === 'fixed32' || holds === 'fixed64';

/** Largest field number of onnx.proto that is not its own extension's, with room. */
const MOST_FIELDS = 2 ** 29;

class WireCheck {
  readonly #bytes: Uint8Array;
  readonly counts: Record<FileCount, number> = {
    bytes: 0,
    programBytes: 0,
    nodes: 0,
    initialisers: 0,
    attributes: 0,
    links: 0,
    values: 0,
    numbers: 0,
    entries: 0,
  };
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.counts.bytes = bytes.length;
  }

  message(name: Message, end: number, graphs: number): void {
    const fields: Readonly<Record<number, Field>> = MESSAGES[name];
    const depth = name === 'Graph' ? graphs + 1 : graphs;
    if (depth > GRAPH_DEPTH) {
      throw new UnsupportedModelError([
        graphProblem(
          `graphs are nested in it ${depth} deep, and ${GRAPH_DEPTH} is the most`,
          'export a graph without control flow',
        ),
      ]);
    }
    let seen = 0n;
    while (this.#at < end) {
      const from = this.#at;
      const key = this.#varint(end);
      const [id, wire] = [Math.floor(key / 8), key % 8];
      if (id === 0 || id >= MOST_FIELDS) throw malformed(`field ${id} of ${name}`);
      const field = fields[id];
      if (field === undefined) {
        this.#skip(wire, end);
        continue;
      }
      if (!field.isRepeated) {
        const bit = 1n << BigInt(id);
        if ((seen & bit) !== 0n) throw malformed(`field ${id} of ${name} is given twice`);
        seen |= bit;
      }
      this.#field(field, { wire, end, graphs: depth });
      if (field.holds !== 'note' && field.holds !== 'data' && typeof field.holds === 'string') {
        this.counts.programBytes += this.#at - from;
      }
    }
  }

  #field(
    { holds, isRepeated, counts }: Field,
    { wire, end, graphs }: { readonly wire: number; readonly end: number; readonly graphs: number },
  ): void {
    if (isScalar(holds)) {
      this.#scalars(holds, { wire, end, isRepeated });
      return;
    }
    if (wire !== WIRE.bytes) throw malformed(`wire type ${wire}`);
    if (counts !== undefined) this.counts[counts] += 1;
    const own = this.#lengthEnd(end);
    if (typeof holds === 'object') {
      // A message of its own, however small, becomes an object.
      this.counts.programBytes += 2;
      this.message(holds.message as Message, own, graphs);
    } else {
      if (holds === 'name') this.#name(own);
      this.#at = own;
    }
  }

  #scalars(
    holds: Scalar,
    { wire, end, isRepeated }: { readonly wire: number; readonly end: number; readonly isRepeated: boolean },
  ): void {
    if (wire === WIRE[holds]) {
      this.#skip(wire, end);
      if (isRepeated) this.counts.numbers += 1;
      return;
    }
    if (!isRepeated || wire !== WIRE.bytes) throw malformed(`wire type ${wire}`);
    const own = this.#lengthEnd(end);
    if (holds === 'varint') {
      while (this.#at < own) {
        this.#varint(own);
        this.counts.numbers += 1;
      }
    } else {
      const count = (own - this.#at) / WIDTHS.get(WIRE[holds])!;
      if (!Number.isInteger(count)) throw malformed('a list of numbers ends within one');
      this.counts.numbers += count;
      this.#at = own;
    }
  }

  #name(end: number): void {
    const length = end - this.#at;
    if (length > NAME_BYTES) {
      throw new UnsupportedModelError([
        graphProblem(
          `a name in it has ${length} bytes, and ${NAME_BYTES} is the most`,
          'give it a shorter one',
        ),
      ]);
    }
    const text = textOf(this.#bytes.subarray(this.#at, end));
    if (text === undefined) throw malformed('a name is not UTF-8');
    if (UNREADABLE.test(text)) throw malformed('a name holds control characters');
  }

  #skip(wire: number, end: number): void {
    if (wire === WIRE.varint) this.#varint(end);
    else if (wire === WIRE.bytes) this.#at = this.#lengthEnd(end);
    else {
      const width = WIDTHS.get(wire);
      if (width === undefined) throw malformed(`wire type ${wire}`);
      this.#at += width;
      if (this.#at > end) throw malformed('it ends within a number');
    }
  }

  #lengthEnd(end: number): number {
    const length = this.#varint(end);
    const own = this.#at + length;
    if (own > end) throw malformed('it ends within a value');
    return own;
  }

  /** Beyond 2^53 the number is not exact, and none of use is so large. */
  #varint(end: number): number {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES; i++) {
      if (this.#at >= end) throw malformed('it ends within a number');
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw malformed('a number has too many bytes');
  }
}

const malformed = (reason: string) => new OnnxFormatError(`these bytes are not an ONNX model: ${reason}`);

/**
 * @throws OnnxFormatError where the bytes are no message of onnx.proto
 * @throws UnsupportedModelError where it is too large (`graph-limits.ts`)
 */
export function checkWire(bytes: Uint8Array): void {
  const check = new WireCheck(bytes);
  check.message('Model', bytes.length, 0);
  checkFileCounts(check.counts);
}
