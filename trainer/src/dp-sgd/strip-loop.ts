// The inner loop of the strip sampler in WebAssembly: it takes pairs of random words and decides nearly all of their
// points by what lies above and below the curve in their strips; the few others it hands back.
import assert from 'node:assert/strict';
import { type Code, compileWasm, type SharedMemory, wasm } from './wasm-function.ts';

export const COLUMN_BITS = 10;
const COLUMNS = 2 ** COLUMN_BITS;
export const COLUMN_HEIGHT = 2 ** 32 / COLUMNS;

/** Per column: where its second piece begins, each piece's strip, and what to add to a point for its height. */
export interface StripTables {
  readonly split: Int32Array;
  readonly strip: Uint16Array;
  readonly shift: Int32Array;
  /**
   * Per strip: heights below this lie under A f everywhere in the strip; 0 for what is no strip.
   */
  readonly under: Int32Array;
  /**
   * Per strip, two slopes: t integers before the strip's last one, heights less than t times the first above `under`
   * lie under A f, and those at least t times the second and OVER above it do not.
   */
  readonly slopes: Float64Array;
}

export const OVER = 3;

/** Words that are kept, twice as many as samples of one call. */
export const LOOP_WORDS = 16_384;

/** Where things lie in the memory, in bytes. */
const SPLIT = 0;
const PIECES = SPLIT + 4 * COLUMNS;
const UNDER = PIECES + 16 * COLUMNS;
const STRIPS = 1024;
const SLOPES = UNDER + 4 * STRIPS;
const STATE = SLOPES + 16 * STRIPS;
const WORDS = STATE + 16;
const SAMPLES = WORDS + 4 * LOOP_WORDS;
const PAGES = Math.ceil((SAMPLES + 4 * LOOP_WORDS) / 2 ** 16);

const { get, set, i32, i64, loadI32 } = wasm;
const [OUT, OUT_END, NEXT, NEXT_END, POINT, BITS, AT, STRIP, EXCESS, MAGNITUDE, SIGN] = Array.from(
  { length: 11 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number, number];

/** run(out, out's end, next word, words' end): the next word's address, plus 1 where the last pair is handed back. */
function loopBody(placeBits: number, store: Code): Code[] {
  const save = (local: number, place: number) => [...i32(STATE), ...get(local), ...wasm.storeI32(4 * place)];
  const height = [...get(POINT), ...i32(COLUMN_HEIGHT - 1), ...wasm.andI32];
  const column = [...get(POINT), ...i32(32 - COLUMN_BITS), ...wasm.shiftRightU32];
  // 1 where the height lies in the second piece: a number, not a branch, which a processor could not predict.
  const isSecond = [
    ...[...column, ...i32(2), ...wasm.shiftLeftI32, ...loadI32(SPLIT), ...i32(1), ...wasm.subtractI32],
    ...[...height, ...wasm.subtractI32, ...i32(31), ...wasm.shiftRightU32],
  ];
  const above = [...height, ...get(AT), ...loadI32(PIECES + 4), ...wasm.addI32];
  const under = [...get(STRIP), ...i32(2), ...wasm.shiftLeftI32, ...loadI32(UNDER)];
  const lastPlace = 2 ** placeBits - 1;
  const place = [...get(BITS), ...i32(lastPlace), ...wasm.andI32];
  const strip = [...get(STRIP), ...wasm.extendU32, ...i64(placeBits), ...wasm.shiftLeftI64];
  const step = (local: number) => [...get(local), ...i32(8), ...wasm.addI32, ...set(local)];
  const excess = [...get(EXCESS), ...wasm.doubleFromI32];
  /** The slope times how many integers are left in the strip. */
  const bound = (slope: number) => [
    ...[...get(STRIP), ...i32(4), ...wasm.shiftLeftI32, ...wasm.loadF64(SLOPES + 8 * slope)],
    ...[...i32(lastPlace), ...place, ...wasm.subtractI32, ...wasm.doubleFromI32, ...wasm.multiplyF64],
  ];
  const next = [
    ...[...get(OUT), ...get(OUT_END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    ...[...get(NEXT), ...get(NEXT_END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    ...[...get(NEXT), ...loadI32(0), ...set(POINT), ...get(NEXT), ...loadI32(4), ...set(BITS)],
    // Words that were used must not be found in memory later.
    ...[...get(NEXT), ...i64(0), ...wasm.storeI64(), ...step(NEXT)],
    ...[...column, ...i32(4), ...wasm.shiftLeftI32],
    ...[...isSecond, ...i32(3), ...wasm.shiftLeftI32, ...wasm.addI32, ...set(AT)],
    ...[...get(AT), ...loadI32(PIECES), ...set(STRIP)],
    ...[...above, ...under, ...wasm.subtractI32, ...set(EXCESS)],
    ...wasm.block(
      [...get(EXCESS), ...i32(0), ...wasm.lessI32, ...wasm.leaveIf(0)],
      [...excess, ...bound(0), ...wasm.lessF64, ...wasm.leaveIf(0)],
      [
        ...excess,
        ...bound(1),
        ...wasm.doubleConstant(OVER),
        ...wasm.addF64,
        ...wasm.notLessF64,
        ...wasm.leaveIf(1),
      ],
      wasm.goTo(3),
    ),
    ...[...strip, ...place, ...wasm.extendU32, ...wasm.orI64, ...set(MAGNITUDE)],
    ...[...get(BITS), ...i32(31), ...wasm.shiftRightI32, ...wasm.extendI32, ...set(SIGN)],
    // Zero has no sign of its own.
    ...[...get(MAGNITUDE), ...wasm.isZeroI64, ...get(SIGN), ...wasm.isZeroI64, ...wasm.isZeroI32],
    ...[...wasm.andI32, ...wasm.leaveIf(0)],
    ...[...get(OUT), ...get(MAGNITUDE), ...get(SIGN), ...wasm.xorI64, ...get(SIGN), ...wasm.subtractI64],
    ...[...wasm.doubleFromI64, ...store, ...step(OUT), ...wasm.goTo(0)],
  ];
  return [
    wasm.block(wasm.block(wasm.loop(next)), [...save(OUT, 0), ...get(NEXT), ...wasm.giveBack]),
    [...save(OUT, 0), ...save(POINT, 1), ...save(BITS, 2), ...get(NEXT), ...i32(1), ...wasm.orI32],
  ];
}

export class StripLoop {
  /** The random words to take, from the first on: [LOOP_WORDS]. They are cleared as they are taken. */
  readonly words: Uint32Array;
  /** Where samples are put: bytes of the memory given, or of its own. */
  readonly samples: Float64Array;
  /** The next word to take. */
  word = LOOP_WORDS;
  /** Where the next sample is put. */
  sample = 0;
  /** Where samples may be put by default: the first of as many as there are words. */
  readonly ownSamples: { readonly first: number; readonly count: number };
  readonly #state: Int32Array;
  readonly #run: (...parameters: readonly number[]) => number;

  /** @param placeBits strips are 2^placeBits integers wide */
  constructor({ split, strip, shift, under, slopes }: StripTables, placeBits: number, output?: SharedMemory) {
    assert(slopes.length <= 2 * STRIPS && under.length <= STRIPS, 'the strips fit their tables');
    const { memory, run } = compileWasm({
      parameters: 4,
      locals: { i32: 5, i64: 2 },
      memory: { pages: PAGES },
      other: output,
      body: loopBody(placeBits, output ? wasm.storeF64InOther : wasm.storeF64()),
    });
    new Int32Array(memory, SPLIT).set(split);
    const pieces = new Int32Array(memory, PIECES);
    strip.forEach((own, piece) => {
      pieces[2 * piece] = own;
      pieces[2 * piece + 1] = shift[piece]!;
    });
    new Int32Array(memory, UNDER, STRIPS).set(under);
    new Float64Array(memory, SLOPES, 2 * STRIPS).set(slopes);
    this.words = new Uint32Array(memory, WORDS, LOOP_WORDS);
    this.samples = new Float64Array(output?.buffer ?? memory);
    this.ownSamples = { first: SAMPLES / 8, count: LOOP_WORDS / 2 };
    this.#state = new Int32Array(memory, STATE, 3);
    this.#run = run;
  }

  /**
   * Takes pairs of words and puts samples in places from `sample` to `end`, until there are no more of either; both
   * move as far as it came. No object is made.
   *
   * @returns whether the last pair taken gave no sample and is to be decided: `point` and `bits`
   */
  take(end: number): boolean {
    const [first, last] = [WORDS + 4 * this.word, WORDS + 4 * LOOP_WORDS];
    const next = this.#run(8 * this.sample, 8 * end, first, last);
    this.word = ((next & ~1) - WORDS) / 4;
    this.sample = this.#state[0]! / 8;
    return (next & 1) === 1;
  }

  get point(): number {
    return this.#state[1]! >>> 0;
  }

  get bits(): number {
    return this.#state[2]!;
  }
}
