// Assembles WebAssembly modules of one function, for the few loops in which the bounds checks and conversions of typed
// arrays would take most of the time. Encoding: WebAssembly core specification 2.0, chapter 5; two memories: the
// multi-memory proposal.

interface Exports {
  readonly run: (...parameters: readonly number[]) => number;
}

/** A memory that threads can share, and that can be posted to a worker. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

interface OwnMemory {
  readonly buffer: ArrayBuffer;
}

/** The part of the global that is used: its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: Exports };
  readonly Memory: {
    new (pages: { initial: number; maximum: number; shared: true }): SharedMemory;
    new (pages: { initial: number; maximum: number }): OwnMemory;
  };
};

const PAGE_BYTES = 2 ** 16;

/** A memory of at least so many bytes, all 0. */
export function createSharedMemory(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Bytes of an instruction or of several. */
export type Code = readonly number[];

function unsigned(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

const VOID = 0x40;
const TYPES = { i32: 0x7f, v128: 0x7b } as const;

/** An instruction on vectors of 128 bits: two doubles, or four floats. */
const vector = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Where an instruction on memory reads or writes: from the address on the stack, or in the second memory. */
const memoryArgument = (alignment: number, offset: number, isElsewhere: boolean): number[] =>
  isElsewhere ? [0x40 | alignment, 1, ...unsigned(offset)] : [alignment, ...unsigned(offset)];

/** Instructions; addresses are bytes, `offset` is added to the address on the stack. */
export const wasm = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  i32: (value: number): Code => [0x41, ...signed(value)],
  i64: (value: number): Code => [0x42, ...signed(value)],
  loadI32: (offset = 0): Code => [0x28, 2, ...unsigned(offset)],
  /** Two bytes, as a number that is not negative. */
  loadU16: (offset = 0): Code => [0x2f, 1, ...unsigned(offset)],
  storeI16: (offset = 0): Code => [0x3b, 1, ...unsigned(offset)],
  storeI32: (offset = 0): Code => [0x36, 2, ...unsigned(offset)],
  storeI64: (offset = 0): Code => [0x37, 2, ...unsigned(offset)],
  loadF64: (offset = 0): Code => [0x2b, 3, ...unsigned(offset)],
  storeF64: (offset = 0, isElsewhere = false): Code => [0x39, ...memoryArgument(3, offset, isElsewhere)],
  /** Leaves the block or goes back to the start of the loop that is `depth` levels out, if the top is not 0. */
  leaveIf: (depth: number): Code => [0x0d, depth],
  goTo: (depth: number): Code => [0x0c, depth],
  giveBack: [0x0f] as Code,
  /** The first of two values if the third is not 0, and otherwise the second. */
  select: [0x1b] as Code,
  block: (...body: readonly Code[]): Code => [0x02, VOID, ...body.flat(), 0x0b],
  loop: (...body: readonly Code[]): Code => [0x03, VOID, ...body.flat(), 0x0b],
  notEqualI32: [0x47] as Code,
  lessI32: [0x48] as Code,
  lessU32: [0x49] as Code,
  notLessU32: [0x4f] as Code,
  addI32: [0x6a] as Code,
  subtractI32: [0x6b] as Code,
  andI32: [0x71] as Code,
  orI32: [0x72] as Code,
  xorI32: [0x73] as Code,
  shiftLeftI32: [0x74] as Code,
  shiftRightI32: [0x75] as Code,
  shiftRightU32: [0x76] as Code,
  doubleFromI32: [0xb7] as Code,
  f64: (value: number): Code => [0x44, ...new Uint8Array(new Float64Array([value]).buffer)],
  lessF64: [0x63] as Code,
  notLessF64: [0x66] as Code,
  addF64: [0xa0] as Code,
  multiplyF64: [0xa2] as Code,
  loadDoubles: (offset = 0): Code => [...vector(0), 3, ...unsigned(offset)],
  storeDoubles: (offset = 0): Code => [...vector(11), 3, ...unsigned(offset)],
  /** One double, twice. */
  loadDoubleTwice: (offset = 0): Code => [...vector(10), 3, ...unsigned(offset)],
  /** Two floats, as two doubles. */
  loadFloatsAsDoubles: (offset = 0): Code => [...vector(93), 2, ...unsigned(offset), ...vector(95)],
  /** Two doubles, each rounded to the nearest float. */
  storeDoublesAsFloats: (offset = 0): Code => [...vector(94), ...vector(91), 2, ...unsigned(offset), 0],
  /** The first two of four integers, as doubles. */
  doublesFromI32: vector(0xfe) as Code,
  addDoubles: vector(0xf0) as Code,
  subtractDoubles: vector(0xf1) as Code,
  multiplyDoubles: vector(0xf2) as Code,
  /** Four integers of 32 bits. */
  i32x4: (values: readonly [number, number, number, number]): Code => [
    ...vector(12),
    ...new Uint8Array(Int32Array.from(values).buffer),
  ],
  load4: (offset = 0): Code => [...vector(0), 2, ...unsigned(offset)],
  store4: (offset = 0, isElsewhere = false): Code => [
    ...vector(11),
    ...memoryArgument(2, offset, isElsewhere),
  ],
  /** Four integers of 16 bits, none of them negative. */
  loadFourU16: (offset = 0): Code => [...vector(4), 1, ...unsigned(offset)],
  /** One integer, or two, and zeros. */
  loadOne4: (offset = 0): Code => [...vector(0x5c), 2, ...unsigned(offset)],
  loadOnePair4: (offset = 0): Code => [...vector(0x5d), 2, ...unsigned(offset)],
  /** One integer into a lane of the vector on the stack, or two into its first or second half. */
  loadLane4: (lane: number, offset = 0): Code => [...vector(0x56), 2, ...unsigned(offset), lane],
  loadPair4: (half: number, offset = 0): Code => [...vector(0x57), 2, ...unsigned(offset), half],
  lane4: (lane: number): Code => [...vector(0x1b), lane],
  /** Four of the eight integers of two vectors. */
  choose4: (from: readonly [number, number, number, number]): Code => [
    ...vector(13),
    ...from.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  /** The signs of four integers, one bit each. */
  signs4: vector(0xa4) as Code,
  and4: vector(0x4e) as Code,
  andNot4: vector(0x4f) as Code,
  or4: vector(0x50) as Code,
  xor4: vector(0x51) as Code,
  shiftLeft4: vector(0xab) as Code,
  shiftRight4: vector(0xac) as Code,
  shiftRightU4: vector(0xad) as Code,
  add4: vector(0xae) as Code,
  subtract4: vector(0xb1) as Code,
} as const;

/**
 * A function of i32 parameters and one i32 result, over a memory of its own or one that is given, and a second one that
 * some instructions write to.
 *
 * @param locals how many locals follow the parameters, of each type
 */
export function compileWasm(source: {
  readonly parameters: number;
  readonly locals: { readonly i32: number; readonly v128?: number };
  readonly memory: { readonly pages: number } | SharedMemory;
  readonly other?: SharedMemory | undefined;
  readonly body: readonly Code[];
}): { readonly memory: ArrayBuffer; readonly run: Exports['run'] } {
  const { parameters, locals, body, other } = source;
  const section = (id: number, content: Code) => [id, ...unsigned(content.length), ...content];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const { i32, v128 = 0 } = locals;
  const declared = [2, i32, TYPES.i32, v128, TYPES.v128];
  const code = [...declared, ...body.flat(), 0x0b];
  const types = [1, 0x60, parameters, ...new Array<number>(parameters).fill(TYPES.i32), 1, TYPES.i32];
  const memory =
    'buffer' in source.memory
      ? source.memory
      : new WebAssembly.Memory({ initial: source.memory.pages, maximum: source.memory.pages });
  const memories = Object.entries({ memory, ...(other && { other }) });
  const imported = memories.map(([field, { buffer }]) => {
    const pages = unsigned(buffer.byteLength / PAGE_BYTES);
    return [
      ...name('step'),
      ...name(field),
      2,
      buffer instanceof SharedArrayBuffer ? 3 : 1,
      ...pages,
      ...pages,
    ];
  });
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [imported.length, ...imported.flat()]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { step: Object.fromEntries(memories) });
  return { memory: memory.buffer as ArrayBuffer, run: exports.run };
}
