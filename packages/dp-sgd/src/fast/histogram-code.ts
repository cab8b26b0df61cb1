// The inner loop of the histogram sampler, as WebAssembly code. It tests four points at a time in a vector: nearly
// always all four lie so low in their bins that they are accepted at once. Otherwise they are tested one by one.
import { type Code, wasm } from './wasm-function.ts';

export const COLUMN_BITS = 10;
export const COLUMNS = 2 ** COLUMN_BITS;
export const COLUMN_HEIGHT = 2 ** 32 / COLUMNS;
/** A column holds at most two entries, and so there are at most this many bins. */
export const MOST_BINS = COLUMNS;

/** A point at least this far above the upper line is not under the curve (`BinBounds`). */
const OVER = 3;

/** The byte at which each array begins in the memory. */
export const LAYOUT = (() => {
  /** For each column and entry: its bin's first integer, and what to add to a point for its height above `under`. */
  const entries = 0;
  /** For each column: the last height of its first entry. */
  const split = entries + 16 * COLUMNS;
  /** For each bin: the slopes of both lines, in double. */
  const slopes = split + 4 * COLUMNS;
  /** The address of the next sample; the point that is handed back, and its bits. */
  const state = slopes + 16 * MOST_BINS;
  /** Points, and after them the bits for their offsets and signs. */
  const pool = state + 16;
  return { entries, split, slopes, state, pool };
})();

/** What the code depends on: σ, and where samples are written. */
export interface LoopShape {
  readonly offsetBits: number;
  /** Bytes of the bits that are taken for an offset and a sign. */
  readonly bitBytes: 2 | 4;
  /** Points in the pool. */
  readonly points: number;
  /** Whether samples go to the second memory. */
  readonly isElsewhere: boolean;
}

const { get, set, i32, loadI32 } = wasm;
const [OUT, NEXT, NEXT_END, LIMIT, POINT, BITS, AT, START, EXCESS, MAGNITUDE, SIGN] = Array.from(
  { length: 11 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number, number];
const [
  POINTS4,
  BITS4,
  SPLITS4,
  AT4,
  PAIRS4,
  OTHER_PAIRS4,
  EXCESS4,
  MAGNITUDE4,
  SIGN4,
  HEIGHT_MASK4,
  OFFSET_MASK4,
] = Array.from({ length: 11 }, (_, local) => 11 + local) as [
  ...[number, number, number, number, number, number],
  ...[number, number, number, number, number],
];
export const LOOP_PARAMETERS = 3;
export const LOOP_LOCALS = { i32: 8, v128: 11 };

const ZERO4 = wasm.i32x4([0, 0, 0, 0]);
const all4 = (value: number): Code => wasm.i32x4([value, value, value, value]);
const step = (local: number, bytes: number): Code => [
  ...get(local),
  ...i32(bytes),
  ...wasm.addI32,
  ...set(local),
];

/** The address of the next point's bits, minus `bitsOffset`. */
const bitsAt = ({ bitBytes }: LoopShape): Code =>
  bitBytes === 4
    ? get(NEXT)
    : [...get(NEXT), ...i32(LAYOUT.pool), ...wasm.subtractI32, ...i32(1), ...wasm.shiftRightU32];

const bitsOffset = ({ bitBytes, points }: LoopShape): number =>
  4 * points + (bitBytes === 4 ? 0 : LAYOUT.pool);

/** Accepts four points and continues, or leaves the block where one of them needs a closer test. */
function fourPoints(shape: LoopShape): Code[] {
  const { bitBytes, isElsewhere } = shape;
  const isShort = bitBytes === 2;
  const [at, offset] = [bitsAt(shape), bitsOffset(shape)];
  const lanes = [0, 1, 2, 3];
  const store = (offset: number) => wasm.store4(offset, isElsewhere);
  const heights = [...get(POINTS4), ...get(HEIGHT_MASK4), ...wasm.and4];
  const columns = [...get(POINTS4), ...i32(32 - COLUMN_BITS), ...wasm.shiftRightU4];
  const shifted = (value: Code, bits: number) => [...value, ...i32(bits), ...wasm.shiftLeft4];
  /** Reads a lane, or two in half a vector, from where a lane of AT4 says; the first lane clears all others. */
  const gather = (values: number, lane: number, [first, next]: readonly [Code, Code]) => {
    const address = [...get(AT4), ...wasm.lane4(lane)];
    return lane === 0 || (values === OTHER_PAIRS4 && lane === 2)
      ? [...address, ...first, ...set(values)]
      : [...address, ...get(values), ...next, ...set(values)];
  };
  const splitOf = (lane: number) =>
    gather(SPLITS4, lane, [wasm.loadOne4(LAYOUT.split), wasm.loadLane4(lane, LAYOUT.split)]);
  const entryOf = (lane: number) =>
    gather(lane < 2 ? PAIRS4 : OTHER_PAIRS4, lane, [
      wasm.loadOnePair4(LAYOUT.entries),
      wasm.loadPair4(lane % 2, LAYOUT.entries),
    ]);
  return [
    [...get(NEXT), ...wasm.load4(), ...set(POINTS4)],
    [...at, ...(isShort ? wasm.loadFourU16(offset) : wasm.load4(offset)), ...set(BITS4)],
    [...shifted(columns, 2), ...set(AT4)],
    ...lanes.map(splitOf),
    // 1 where the height lies in the second entry.
    [...get(SPLITS4), ...heights, ...wasm.subtract4],
    [...i32(31), ...wasm.shiftRightU4, ...i32(3), ...wasm.shiftLeft4],
    [...shifted(columns, 4), ...wasm.add4, ...set(AT4)],
    ...lanes.map(entryOf),
    [
      ...get(PAIRS4),
      ...get(OTHER_PAIRS4),
      ...wasm.choose4([1, 3, 5, 7]),
      ...heights,
      ...wasm.add4,
      ...set(EXCESS4),
    ],
    [...get(PAIRS4), ...get(OTHER_PAIRS4), ...wasm.choose4([0, 2, 4, 6])],
    [...get(BITS4), ...get(OFFSET_MASK4), ...wasm.and4, ...wasm.or4, ...set(MAGNITUDE4)],
    [...(isShort ? shifted(get(BITS4), 16) : get(BITS4)), ...i32(31), ...wasm.shiftRight4, ...set(SIGN4)],
    // All four lie under the curve, and none is zero with a sign.
    [...get(EXCESS4), ...get(MAGNITUDE4), ...get(SIGN4), ...wasm.add4, ...wasm.andNot4],
    [...wasm.signs4, ...i32(15), ...wasm.notEqualI32, ...wasm.leaveIf(0)],
    [...get(MAGNITUDE4), ...get(SIGN4), ...wasm.xor4, ...get(SIGN4), ...wasm.subtract4, ...set(MAGNITUDE4)],
    [...get(OUT), ...get(MAGNITUDE4), ...wasm.doublesFromI32, ...store(0)],
    [...get(OUT), ...get(MAGNITUDE4), ...get(MAGNITUDE4), ...wasm.choose4([2, 3, 2, 3])],
    [...wasm.doublesFromI32, ...store(16), ...step(OUT, 32)],
    // Bits that were used must not be found in memory later.
    [...at, ...(isShort ? [...wasm.i64(0), ...wasm.storeI64(offset)] : [...ZERO4, ...wasm.store4(offset)])],
    [...get(NEXT), ...ZERO4, ...wasm.store4(), ...step(NEXT, 16), ...wasm.goTo(1)],
  ];
}

/**
 * Tests a point and continues. It is inside a loop over single points within the loop over four, each in a block: it
 * leaves the inner block at LIMIT, and the outermost one where the point is handed back.
 */
function onePoint(shape: LoopShape): Code[] {
  const { offsetBits, bitBytes, isElsewhere } = shape;
  const isShort = bitBytes === 2;
  const [at, offset] = [bitsAt(shape), bitsOffset(shape)];
  const height = [...get(POINT), ...i32(COLUMN_HEIGHT - 1), ...wasm.andI32];
  const column = [...get(POINT), ...i32(32 - COLUMN_BITS), ...wasm.shiftRightU32];
  // 1 where the height lies in the second entry: a number, not a branch, which a processor could not predict.
  const isSecond = [
    ...[...column, ...i32(2), ...wasm.shiftLeftI32, ...loadI32(LAYOUT.split)],
    ...[...height, ...wasm.subtractI32, ...i32(31), ...wasm.shiftRightU32],
  ];
  const lastOffset = 2 ** offsetBits - 1;
  const inBin = [...get(BITS), ...i32(lastOffset), ...wasm.andI32];
  const excess = [...get(EXCESS), ...wasm.doubleFromI32];
  /** The slope times how many integers are left in the bin. */
  const bound = (slope: number) => [
    ...[...get(START), ...i32(offsetBits), ...wasm.shiftRightU32, ...i32(4), ...wasm.shiftLeftI32],
    ...[...wasm.loadF64(LAYOUT.slopes + 8 * slope), ...i32(lastOffset), ...inBin, ...wasm.subtractI32],
    ...[...wasm.doubleFromI32, ...wasm.multiplyF64],
  ];
  return [
    [...get(NEXT), ...get(LIMIT), ...wasm.notLessU32, ...wasm.leaveIf(1)],
    [...get(NEXT), ...loadI32(0), ...set(POINT)],
    [...at, ...(isShort ? wasm.loadU16(offset) : loadI32(offset)), ...set(BITS)],
    [...get(NEXT), ...i32(0), ...wasm.storeI32()],
    [...at, ...i32(0), ...(isShort ? wasm.storeI16(offset) : wasm.storeI32(offset)), ...step(NEXT, 4)],
    [...column, ...i32(4), ...wasm.shiftLeftI32],
    [...isSecond, ...i32(3), ...wasm.shiftLeftI32, ...wasm.addI32, ...set(AT)],
    [...get(AT), ...loadI32(LAYOUT.entries), ...set(START)],
    [...height, ...get(AT), ...loadI32(LAYOUT.entries + 4), ...wasm.addI32, ...set(EXCESS)],
    wasm.block(
      [...get(EXCESS), ...i32(0), ...wasm.lessI32, ...wasm.leaveIf(0)],
      [...excess, ...bound(0), ...wasm.lessF64, ...wasm.leaveIf(0)],
      [...excess, ...bound(1), ...wasm.f64(OVER), ...wasm.addF64, ...wasm.notLessF64, ...wasm.leaveIf(1)],
      wasm.goTo(5),
    ),
    [...get(START), ...inBin, ...wasm.orI32, ...set(MAGNITUDE)],
    // -1 where the sample is negative, and otherwise 0.
    [
      ...get(BITS),
      ...i32(isShort ? 16 : 0),
      ...wasm.shiftLeftI32,
      ...i32(31),
      ...wasm.shiftRightI32,
      ...set(SIGN),
    ],
    // Zero has no sign of its own: only there the sum of both is negative.
    [...get(MAGNITUDE), ...get(SIGN), ...wasm.addI32, ...i32(0), ...wasm.lessI32, ...wasm.leaveIf(0)],
    [...get(OUT), ...get(MAGNITUDE), ...get(SIGN), ...wasm.xorI32, ...get(SIGN), ...wasm.subtractI32],
    [...wasm.doubleFromI32, ...wasm.storeF64(0, isElsewhere), ...step(OUT, 8), ...wasm.goTo(0)],
  ];
}

/**
 * run(out, next point, points' end): the next point's address, plus 1 where the last is handed back. The output holds
 * a sample of each point.
 */
export function loopBody(shape: LoopShape): Code[] {
  const save = (local: number, word: number) => [
    ...[...i32(LAYOUT.state), ...get(local), ...wasm.storeI32(4 * word)],
  ];
  const isEnd = [...get(NEXT), ...get(NEXT_END), ...wasm.notLessU32];
  const fourAfter = [...get(NEXT), ...i32(16), ...wasm.addI32];
  const loop = wasm.loop(
    [...isEnd, ...wasm.leaveIf(1)],
    wasm.block([...get(NEXT_END), ...fourAfter, ...wasm.lessU32, ...wasm.leaveIf(0)], ...fourPoints(shape)),
    // The four that were not taken together, or the few that are left.
    [...get(NEXT_END), ...fourAfter, ...get(NEXT_END), ...fourAfter, ...wasm.lessU32, ...wasm.select],
    set(LIMIT),
    wasm.block(wasm.loop(...onePoint(shape))),
    wasm.goTo(0),
  );
  return [
    [
      ...all4(COLUMN_HEIGHT - 1),
      ...set(HEIGHT_MASK4),
      ...all4(2 ** shape.offsetBits - 1),
      ...set(OFFSET_MASK4),
    ],
    wasm.block(wasm.block(loop), [...save(OUT, 0), ...get(NEXT), ...wasm.giveBack]),
    [...save(OUT, 0), ...save(POINT, 1), ...save(BITS, 2), ...get(NEXT), ...i32(1), ...wasm.orI32],
  ];
}
