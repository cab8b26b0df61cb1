// The inner loop of the strip sampler in WebAssembly: it takes pairs of random words as long as their points lie so
// low in their strips that nothing is to be computed, and hands all others back.
import { type Code, compileWasm, wasm } from './wasm-function.ts';

export const COLUMN_BITS = 10;
const COLUMNS = 2 ** COLUMN_BITS;
export const COLUMN_HEIGHT = 2 ** 32 / COLUMNS;

/** Per column: where its second piece begins, each piece's strip, and what to add to a point for its height. */
export interface StripTables {
  readonly split: Int32Array;
  readonly strip: Uint16Array;
  readonly shift: Int32Array;
  /** Per strip: heights below this lie under A f everywhere in the strip. */
  readonly under: Int32Array;
}

/** Words that one call can take at most, and twice the samples. */
export const LOOP_WORDS = 16_384;

/** Where things lie in the memory, in bytes. */
const SPLIT = 0;
const PIECES = SPLIT + 4 * COLUMNS;
const UNDER = PIECES + 16 * COLUMNS;
const STRIPS = 1024;
const STATE = UNDER + 4 * STRIPS;
const WORDS = STATE + 16;
const SAMPLES = WORDS + 4 * LOOP_WORDS;
const PAGES = Math.ceil((SAMPLES + 4 * LOOP_WORDS) / 2 ** 16);

const { get, set, i32, i64, loadI32 } = wasm;
const [OUT, OUT_END, NEXT, NEXT_END, POINT, BITS, AT, STRIP, MAGNITUDE, SIGN] = Array.from(
  { length: 10 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number];

/** run(out, out's end, next word, words' end): the next word's address, plus 1 where the last pair is handed back. */
function loopBody(placeBits: number): Code[] {
  const saveOut = [...i32(STATE), ...get(OUT), ...wasm.storeI32()];
  const height = [...get(POINT), ...i32(COLUMN_HEIGHT - 1), ...wasm.andI32];
  const column = [...get(POINT), ...i32(32 - COLUMN_BITS), ...wasm.shiftRightU32];
  // 1 where the height lies in the second piece: a number, not a branch, which a processor could not predict.
  const isSecond = [
    ...[...column, ...i32(2), ...wasm.shiftLeftI32, ...loadI32(SPLIT), ...i32(1), ...wasm.subtractI32],
    ...[...height, ...wasm.subtractI32, ...i32(31), ...wasm.shiftRightU32],
  ];
  const above = [...height, ...get(AT), ...loadI32(PIECES + 4), ...wasm.addI32];
  const under = [...get(STRIP), ...i32(2), ...wasm.shiftLeftI32, ...loadI32(UNDER)];
  const place = [...get(BITS), ...i32(2 ** placeBits - 1), ...wasm.andI32];
  const strip = [...get(STRIP), ...wasm.extendU32, ...i64(placeBits), ...wasm.shiftLeftI64];
  const step = (local: number) => [...get(local), ...i32(8), ...wasm.addI32, ...set(local)];
  const next = [
    ...[...get(OUT), ...get(OUT_END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    ...[...get(NEXT), ...get(NEXT_END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    ...[...get(NEXT), ...loadI32(0), ...set(POINT), ...get(NEXT), ...loadI32(4), ...set(BITS)],
    // Words that were used must not be found in memory later.
    ...[...get(NEXT), ...i64(0), ...wasm.storeI64(), ...step(NEXT)],
    ...[...column, ...i32(4), ...wasm.shiftLeftI32],
    ...[...isSecond, ...i32(3), ...wasm.shiftLeftI32, ...wasm.addI32, ...set(AT)],
    ...[...get(AT), ...loadI32(PIECES), ...set(STRIP)],
    ...[...strip, ...place, ...wasm.extendU32, ...wasm.orI64, ...set(MAGNITUDE)],
    ...[...above, ...under, ...wasm.lessI32, ...wasm.isZeroI32, ...get(MAGNITUDE), ...wasm.isZeroI64],
    ...[...wasm.orI32, ...wasm.leaveIf(2)],
    ...[...get(BITS), ...i32(31), ...wasm.shiftRightI32, ...wasm.extendI32, ...set(SIGN)],
    ...[...get(OUT), ...get(MAGNITUDE), ...get(SIGN), ...wasm.xorI64, ...get(SIGN), ...wasm.subtractI64],
    ...[...wasm.doubleFromI64, ...wasm.storeF64(), ...step(OUT), ...wasm.goTo(0)],
  ];
  return [
    wasm.block(wasm.block(wasm.loop(next)), [...saveOut, ...get(NEXT), ...wasm.giveBack]),
    [...saveOut, ...get(NEXT), ...i32(1), ...wasm.orI32],
  ];
}

export class StripLoop {
  /** The random words to take, from the first on: [LOOP_WORDS]. They are cleared as they are taken. */
  readonly words: Uint32Array;
  /** [LOOP_WORDS / 2] */
  readonly samples: Float64Array;
  /** The next word to take. */
  word = 0;
  /** The place of the next sample. */
  sample = 0;
  readonly #state: Int32Array;
  readonly #run: (...parameters: readonly number[]) => number;

  /** @param placeBits strips are 2^placeBits integers wide */
  constructor({ split, strip, shift, under }: StripTables, placeBits: number) {
    const { memory, run } = compileWasm({
      parameters: 4,
      locals: { i32: 4, i64: 2 },
      memory: { pages: PAGES },
      body: loopBody(placeBits),
    });
    new Int32Array(memory, SPLIT).set(split);
    const pieces = new Int32Array(memory, PIECES);
    strip.forEach((own, piece) => {
      pieces[2 * piece] = own;
      pieces[2 * piece + 1] = shift[piece]!;
    });
    new Int32Array(memory, UNDER, STRIPS).set(under);
    this.words = new Uint32Array(memory, WORDS, LOOP_WORDS);
    this.samples = new Float64Array(memory, SAMPLES, LOOP_WORDS / 2);
    this.#state = new Int32Array(memory, STATE, 1);
    this.#run = run;
  }

  /**
   * Takes pairs of words from place `word` to `words` and puts samples in places from `sample` to `samples`; both
   * places move as far as it came. No object is made, since about one pair in a hundred is handed back.
   *
   * @returns whether the last pair taken gave no sample and is to be decided
   */
  take(words: number, samples: number): boolean {
    const end = this.#run(
      SAMPLES + 8 * this.sample,
      SAMPLES + 8 * samples,
      WORDS + 4 * this.word,
      WORDS + 4 * words,
    );
    this.word = ((end & ~1) - WORDS) / 4;
    this.sample = (this.#state[0]! - SAMPLES) / 8;
    return (end & 1) === 1;
  }
}
