// The inner loop of the strip sampler in WebAssembly: it takes random points and places and decides nearly all of them
// by lines above and below the curve in their strips; the few others it hands back.
import assert from 'node:assert/strict';
import { type Code, compileWasm, type SharedMemory, wasm } from './wasm-function.ts';

export const COLUMN_BITS = 10;
const COLUMNS = 2 ** COLUMN_BITS;
export const COLUMN_HEIGHT = 2 ** 32 / COLUMNS;

/** Where a strip's curve lies. Heights are above `under`, t counts integers before the strip's last one. */
export interface StripBounds {
  /** Heights below this lie under A f everywhere in the strip; 0 for what is no strip. */
  readonly under: number;
  /** Heights below t times this lie under A f. */
  readonly lower: number;
  /** Heights of at least t times this and OVER do not. */
  readonly upper: number;
}

export const OVER = 3;

/** A column's piece: a strip, and what to add to a point for its height in it. */
export interface ColumnPiece {
  readonly strip: number;
  readonly shift: number;
}

export interface StripTables {
  readonly strips: readonly StripBounds[];
  /** For each column, the height at which its second piece begins, and both pieces. */
  readonly columns: readonly (readonly [split: number, first: ColumnPiece, second: ColumnPiece])[];
  /** Strips are 2^placeBits integers wide. */
  readonly placeBits: number;
}

/** Samples that the random bits in memory are enough for. */
export const POOL_SAMPLES = 8192;

const MOST_STRIPS = 1024;

/** Where things lie in the memory, in bytes: of each column, 16 for either piece and 4 for the split. */
const PIECES = 0;
const SPLIT = PIECES + 16 * COLUMNS;
const SLOPES = SPLIT + 4 * COLUMNS;
const STATE = SLOPES + 16 * MOST_STRIPS;
const POOL = STATE + 16;
const PAGE = 2 ** 16;

const { get, set, i32, loadI32 } = wasm;
const [OUT, NEXT, NEXT_END, POINT, BITS, AT, START, EXCESS, MAGNITUDE, SIGN] = Array.from(
  { length: 10 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number];

/** What of the loop's code depends on σ and on where samples go. */
interface LoopShape {
  readonly placeBits: number;
  /** Bytes of the bits that are taken for a place and a sign. */
  readonly bitBytes: 2 | 4;
  readonly store: Code;
}

/**
 * run(out, next point, points' end): the next point's address, plus 1 where the last is handed back. There is room for
 * a sample of each point.
 */
function loopBody({ placeBits, bitBytes, store }: LoopShape): Code[] {
  const save = (local: number, place: number) => [...i32(STATE), ...get(local), ...wasm.storeI32(4 * place)];
  const height = [...get(POINT), ...i32(COLUMN_HEIGHT - 1), ...wasm.andI32];
  const column = [...get(POINT), ...i32(32 - COLUMN_BITS), ...wasm.shiftRightU32];
  // 1 where the height lies in the second piece: a number, not a branch, which a processor could not predict.
  const isSecond = [
    ...[...column, ...i32(2), ...wasm.shiftLeftI32, ...loadI32(SPLIT), ...i32(1), ...wasm.subtractI32],
    ...[...height, ...wasm.subtractI32, ...i32(31), ...wasm.shiftRightU32],
  ];
  const lastPlace = 2 ** placeBits - 1;
  const place = [...get(BITS), ...i32(lastPlace), ...wasm.andI32];
  /** Where the bits of the next point lie: their pool follows that of points. */
  const bitsAt =
    bitBytes === 4
      ? get(NEXT)
      : [...get(NEXT), ...i32(POOL), ...wasm.subtractI32, ...i32(1), ...wasm.shiftRightU32];
  const bitsOffset = POOL + 4 * POOL_SAMPLES - (bitBytes === 4 ? POOL : 0);
  const signBit = bitBytes === 4 ? -(2 ** 31) : 2 ** 15;
  const step = (local: number, bytes: number) => [...get(local), ...i32(bytes), ...wasm.addI32, ...set(local)];
  const excess = [...get(EXCESS), ...wasm.doubleFromI32];
  /** The slope times how many integers are left in the strip. */
  const bound = (slope: number) => [
    ...[...get(START), ...i32(placeBits), ...wasm.shiftRightU32, ...i32(4), ...wasm.shiftLeftI32],
    ...[...wasm.loadF64(SLOPES + 8 * slope), ...i32(lastPlace), ...place, ...wasm.subtractI32],
    ...[...wasm.doubleFromI32, ...wasm.multiplyF64],
  ];
  const next = [
    ...[...get(NEXT), ...get(NEXT_END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    ...[...get(NEXT), ...loadI32(0), ...set(POINT)],
    ...[...bitsAt, ...(bitBytes === 4 ? loadI32(bitsOffset) : wasm.loadU16(bitsOffset)), ...set(BITS)],
    // Bits that were used must not be found in memory later.
    ...[...get(NEXT), ...i32(0), ...wasm.storeI32()],
    ...[...bitsAt, ...i32(0), ...(bitBytes === 4 ? wasm.storeI32(bitsOffset) : wasm.storeI16(bitsOffset))],
    ...step(NEXT, 4),
    ...[...column, ...i32(4), ...wasm.shiftLeftI32],
    ...[...isSecond, ...i32(3), ...wasm.shiftLeftI32, ...wasm.addI32, ...set(AT)],
    ...[...get(AT), ...loadI32(PIECES), ...set(START)],
    ...[...height, ...get(AT), ...loadI32(PIECES + 4), ...wasm.addI32, ...set(EXCESS)],
    ...wasm.block(
      [...get(EXCESS), ...i32(0), ...wasm.lessI32, ...wasm.leaveIf(0)],
      [...excess, ...bound(0), ...wasm.lessF64, ...wasm.leaveIf(0)],
      [...excess, ...bound(1), ...wasm.f64(OVER), ...wasm.addF64, ...wasm.notLessF64, ...wasm.leaveIf(1)],
      wasm.goTo(3),
    ),
    ...[...get(START), ...place, ...wasm.orI32, ...set(MAGNITUDE)],
    // 0, or -1 where the sample is negative.
    ...[...i32(0), ...get(BITS), ...i32(signBit), ...wasm.andI32, ...i32(0), ...wasm.notEqualI32],
    ...[...wasm.subtractI32, ...set(SIGN)],
    // Zero has no sign of its own: -1 less 0 is the only sum of both that is negative.
    ...[...get(MAGNITUDE), ...get(SIGN), ...wasm.addI32, ...i32(0), ...wasm.lessI32, ...wasm.leaveIf(0)],
    ...[...get(OUT), ...get(MAGNITUDE), ...get(SIGN), ...wasm.xorI32, ...get(SIGN), ...wasm.subtractI32],
    ...[...wasm.doubleFromI32, ...store, ...step(OUT, 8), ...wasm.goTo(0)],
  ];
  return [
    wasm.block(wasm.block(wasm.loop(next)), [...save(OUT, 0), ...get(NEXT), ...wasm.giveBack]),
    [...save(OUT, 0), ...save(POINT, 1), ...save(BITS, 2), ...get(NEXT), ...i32(1), ...wasm.orI32],
  ];
}

export class StripLoop {
  /** The random bits to take, from the first point on. They are cleared as they are taken. */
  readonly pool: Uint32Array;
  /** Where samples are put: all of the memory given, or of its own. */
  readonly samples: Float64Array;
  /** The next of the pool's points. */
  point = POOL_SAMPLES;
  /** Where the next sample is put. */
  sample = 0;
  /** Where samples may be put by default: the first of POOL_SAMPLES. */
  readonly ownSamples: number;
  readonly #state: Int32Array;
  readonly #isShort: boolean;
  readonly #run: (...parameters: readonly number[]) => number;

  constructor({ strips, columns, placeBits }: StripTables, output?: SharedMemory) {
    assert(strips.length <= MOST_STRIPS && strips.length * 2 ** placeBits <= 2 ** 31, 'the strips fit');
    this.#isShort = placeBits < 16;
    const bitBytes = this.#isShort ? 2 : 4;
    const poolBytes = (4 + bitBytes) * POOL_SAMPLES;
    const { memory, run } = compileWasm({
      parameters: 3,
      locals: { i32: 7, i64: 0 },
      memory: { pages: Math.ceil((POOL + poolBytes + 8 * POOL_SAMPLES) / PAGE) },
      other: output,
      body: loopBody({ placeBits, bitBytes, store: output ? wasm.storeF64InOther : wasm.storeF64() }),
    });
    const view = new Int32Array(memory);
    columns.forEach(([split, ...pieces], column) => {
      view[SPLIT / 4 + column] = split;
      pieces.forEach(({ strip, shift }, side) => {
        const at = PIECES / 4 + 4 * column + 2 * side;
        view[at] = strip << placeBits;
        view[at + 1] = shift - strips[strip]!.under;
      });
    });
    const slopes = new Float64Array(memory, SLOPES, 2 * strips.length);
    slopes.set(strips.flatMap(({ lower, upper }) => [lower, upper]));
    this.pool = new Uint32Array(memory, POOL, poolBytes / 4);
    this.samples = new Float64Array(output?.buffer ?? memory);
    this.ownSamples = (POOL + poolBytes) / 8;
    this.#state = new Int32Array(memory, STATE, 3);
    this.#run = run;
  }

  /**
   * Takes points and puts samples in places from `sample` to `end`, until there are no more points or, unless some are
   * refused, no more places; `point` and `sample` move as far as it came. No object is made.
   *
   * @returns whether the last point taken gave no sample and is to be decided: `handedBack`
   */
  take(end: number): boolean {
    const first = POOL + 4 * this.point;
    const count = Math.min(end - this.sample, POOL_SAMPLES - this.point);
    const next = this.#run(8 * this.sample, first, first + 4 * count);
    this.point = ((next & ~1) - POOL) / 4;
    this.sample = this.#state[0]! / 8;
    return (next & 1) === 1;
  }

  /** The point that is to be decided, and the bits for its place, from the lowest on, and its sign. */
  get handedBack(): { readonly point: number; readonly bits: number; readonly isNegative: boolean } {
    const [, point, bits] = this.#state as unknown as [number, number, number];
    return { point: point >>> 0, bits, isNegative: this.#isShort ? bits >>> 15 === 1 : bits < 0 };
  }
}
