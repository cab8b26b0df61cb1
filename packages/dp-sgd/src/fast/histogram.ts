// The histogram that the sampler draws points in, its alias table, and lines near the curve within each of its bins.
import assert from 'node:assert/strict';
import { ESTIMATE_MARGIN } from '../bernoulli-exponential.ts';
import { COLUMN_HEIGHT, COLUMNS } from './histogram-code.ts';

/** Below this the bins would not be wide enough. */
export const SMALLEST_HISTOGRAM_SIGMA = 2 ** 10;
/** Beyond this they would not end within integers of 32 bits. */
export const LARGEST_HISTOGRAM_SIGMA = 2 ** 28;

/** Bins reach to this many σ. */
const REACH = 6;

interface Entry {
  /** A bin; their count for the tail, and one more for what is refused. */
  readonly bin: number;
  readonly height: number;
}

/** Fills columns of one height with at most two entries each, all entries used up. Exact in integers. */
function fillColumns(entries: readonly Entry[]): [Entry, Entry | undefined][] {
  const low: Entry[] = [];
  const high: Entry[] = [];
  for (const entry of entries) (entry.height < COLUMN_HEIGHT ? low : high).push(entry);
  const columns: [Entry, Entry | undefined][] = [];
  while (low.length > 0 || high.length > 0) {
    const first = low.pop() ?? high.pop()!;
    if (first.height >= COLUMN_HEIGHT) {
      columns.push([{ ...first, height: COLUMN_HEIGHT }, undefined]);
      const rest = { ...first, height: first.height - COLUMN_HEIGHT };
      if (rest.height > 0) (rest.height < COLUMN_HEIGHT ? low : high).push(rest);
      continue;
    }
    const second = high.pop() ?? low.pop();
    assert(second !== undefined, 'the heights fill the columns');
    const taken = Math.min(second.height, COLUMN_HEIGHT - first.height);
    assert(first.height + taken === COLUMN_HEIGHT, 'the heights fill the columns');
    columns.push([first, { ...second, height: taken }]);
    const rest = { ...second, height: second.height - taken };
    if (rest.height > 0) (rest.height < COLUMN_HEIGHT ? low : high).push(rest);
  }
  return columns;
}

/** A column's entry: a bin, and what to add to a point for its height in it. */
export interface ColumnEntry {
  readonly bin: number;
  readonly shift: number;
}

/** Where a bin's curve lies. Heights are above `under`, t counts integers before the bin's last one. */
export interface BinBounds {
  /** Heights below this lie under A f everywhere in the bin; 0 for what is no bin. */
  readonly under: number;
  /** Heights below t times this lie under A f. */
  readonly lower: number;
  /** Heights of at least 3 above t times this do not. */
  readonly upper: number;
}

/** Bins of w = 2^offsetBits integers, and a bar for each; after them the tail's, and what is refused. */
export interface Histogram {
  readonly sigma: number;
  readonly offsetBits: number;
  /** w. */
  readonly width: number;
  /** Without the tail and what is refused. */
  readonly count: number;
  /** A. */
  readonly scale: number;
  readonly tailHeight: number;
  readonly tailWidth: number;
  /** For each column of points, the height at which its second entry begins, and both entries. */
  readonly columns: readonly (readonly [split: number, first: ColumnEntry, second: ColumnEntry])[];
  /** Of all bins, the tail and what is refused. */
  readonly bounds: readonly BinBounds[];
}

/** The bins of an integer σ in [SMALLEST_HISTOGRAM_SIGMA, LARGEST_HISTOGRAM_SIGMA]. */
export function histogramOf(sigma: number): Histogram {
  const isInRange = sigma >= SMALLEST_HISTOGRAM_SIGMA && sigma <= LARGEST_HISTOGRAM_SIGMA;
  assert(Number.isSafeInteger(sigma) && isInRange, 'σ in range');
  // As narrow as the columns allow: the fewer points lie near the curve.
  const offsetBits = Math.ceil(Math.log2((REACH * sigma) / (COLUMNS - 2)));
  const width = 2 ** offsetBits;
  const count = Math.ceil((REACH * sigma) / width);
  assert(count + 2 <= COLUMNS);
  const tailWidth = 2 ** Math.ceil(Math.log2(sigma));
  const f = (x: number) => Math.exp((-x * x) / (2 * sigma * sigma));
  const above = (x: number) => f(x) * (1 + ESTIMATE_MARGIN);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += f(i * width);
  // This leaves space for each height's rounding up and for the tail, whose share is below 2^-16.
  const scale = Math.floor((2 ** 32 * (1 - 2 ** -16) - count - 2) / sum);
  const heights = Array.from({ length: count }, (_, i) => Math.ceil(scale * above(i * width)));
  // The tail's bar is wide enough for its proposal 2^-(j+1) / W (`HistogramSampler`) to cover A f there.
  const cover = (2 * scale * tailWidth) / width;
  const tailHeight = Math.ceil(cover * above(count * width)) + 1;
  const used = heights.reduce((a, b) => a + b, tailHeight);
  assert(used <= 2 ** 32, 'the heights fit one word');
  const entries = [...heights, tailHeight, 2 ** 32 - used].map((height, bin) => ({ bin, height }));
  const filled = new Float64Array(entries.length);
  const entryFor = ({ bin, height }: Entry, start: number) => {
    const shift = filled[bin]! - start;
    filled[bin]! += height;
    return { bin, shift };
  };
  const columns = fillColumns(entries.filter(({ height }) => height > 0)).map(([first, second]) => {
    const split = first.height;
    const other = second === undefined ? { bin: 0, shift: 0 } : entryFor(second, split);
    return [split, entryFor(first, 0), other] as const;
  });
  const bounds = entries.map(({ bin }) =>
    bin < count ? boundsOf(bin, { sigma, width, scale }) : { ...UNDECIDED, under: 0 },
  );
  return { sigma, offsetBits, width, count, scale, tailHeight, tailWidth, columns, bounds };
}

const UNDECIDED = { lower: -1, upper: Number.POSITIVE_INFINITY } as const;

/**
 * Lines through a bin's last integer b above and below A f.
 *
 * Up to σ the curve f is concave: above the chord from the bin's first integer to b, and below the tangent at b.
 * Beyond σ it is convex, and both are the other way round. What the slopes may be wrong by, computed, is taken off the
 * lower one and added to the upper one: each height by ESTIMATE_MARGIN, and roundings. `under` lies 1 to 3 below
 * A f(b), so that a point whose integer height lies below the lower line lies there with any fraction, and one that
 * lies at least 3 above the upper line does not lie under the curve.
 */
function boundsOf(
  bin: number,
  { sigma, width, scale }: Pick<Histogram, 'sigma' | 'width' | 'scale'>,
): BinBounds {
  const [first, last] = [bin * width, (bin + 1) * width - 1];
  const height = (x: number) => scale * Math.exp((-x * x) / (2 * sigma * sigma));
  const under = Math.max(0, Math.floor(height(last) * (1 - ESTIMATE_MARGIN)) - 1);
  const hasTurn = first < sigma && last > sigma;
  if (hasTurn || under < 4) return { ...UNDECIDED, under };
  const chord = (height(first) - height(last)) / (width - 1);
  const tangent = (height(last) * last) / sigma ** 2;
  const margin = (4 * scale * ESTIMATE_MARGIN) / (width - 1) + Math.max(chord, tangent) * 2 ** -40;
  return { under, lower: Math.min(chord, tangent) - margin, upper: Math.max(chord, tangent) + margin };
}
