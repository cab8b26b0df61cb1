// The staircase that the strip sampler draws points under, and lines near the curve within each of its strips.
import assert from 'node:assert/strict';
import { ESTIMATE_MARGIN } from '../bernoulli-exponential.ts';
import { COLUMN_HEIGHT, COLUMNS } from './strip-code.ts';

/** Below this the strips would not be wide enough. */
export const SMALLEST_STRIP_SIGMA = 2 ** 10;
/** Beyond this they would not end within integers of 32 bits. */
export const LARGEST_STRIP_SIGMA = 2 ** 28;

/** Strips reach to this many σ. */
const REACH = 6;

interface Piece {
  /** A strip; the strips' number for the tail, one more for what is refused. */
  readonly strip: number;
  readonly height: number;
}

/** Fills columns of one height with at most two pieces each, all pieces used up. Exact in integers. */
function fillColumns(pieces: readonly Piece[]): [Piece, Piece | undefined][] {
  const low: Piece[] = [];
  const high: Piece[] = [];
  for (const piece of pieces) (piece.height < COLUMN_HEIGHT ? low : high).push(piece);
  const columns: [Piece, Piece | undefined][] = [];
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

/** A column's piece: a strip, and what to add to a point for its height in it. */
export interface ColumnPiece {
  readonly strip: number;
  readonly shift: number;
}

/** Where a strip's curve lies. Heights are above `under`, t counts integers before the strip's last one. */
export interface StripBounds {
  /** Heights below this lie under A f everywhere in the strip; 0 for what is no strip. */
  readonly under: number;
  /** Heights below t times this lie under A f. */
  readonly lower: number;
  /** Heights of at least 3 above t times this do not. */
  readonly upper: number;
}

/** Strips of w = 2^placeBits integers, and over each a rectangle; after them the tail's, and what is refused. */
export interface Strips {
  readonly sigma: number;
  readonly placeBits: number;
  /** w. */
  readonly width: number;
  /** Without the tail and what is refused. */
  readonly count: number;
  /** A. */
  readonly scale: number;
  readonly tailHeight: number;
  readonly tailWidth: number;
  /** For each column of points, the height at which its second piece begins, and both pieces. */
  readonly columns: readonly (readonly [split: number, first: ColumnPiece, second: ColumnPiece])[];
  /** Of all strips, the tail and what is refused. */
  readonly bounds: readonly StripBounds[];
}

/** The strips of an integer σ in [SMALLEST_STRIP_SIGMA, LARGEST_STRIP_SIGMA]. */
export function stripsOf(sigma: number): Strips {
  const isInRange = sigma >= SMALLEST_STRIP_SIGMA && sigma <= LARGEST_STRIP_SIGMA;
  assert(Number.isSafeInteger(sigma) && isInRange, 'σ in range');
  // As narrow as the columns allow: the fewer points lie near the curve.
  const placeBits = Math.ceil(Math.log2((REACH * sigma) / (COLUMNS - 2)));
  const width = 2 ** placeBits;
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
  // The tail's rectangle is wide enough for its proposal 2^-(j+1) / W (`StripSampler`) to cover A f there.
  const cover = (2 * scale * tailWidth) / width;
  const tailHeight = Math.ceil(cover * above(count * width)) + 1;
  const used = heights.reduce((a, b) => a + b, tailHeight);
  assert(used <= 2 ** 32, 'the heights fit one word');
  const pieces = [...heights, tailHeight, 2 ** 32 - used].map((height, strip) => ({ strip, height }));
  const filled = new Float64Array(pieces.length);
  const place = ({ strip, height }: Piece, start: number) => {
    const shift = filled[strip]! - start;
    filled[strip]! += height;
    return { strip, shift };
  };
  const columns = fillColumns(pieces.filter(({ height }) => height > 0)).map(([first, second]) => {
    const split = first.height;
    const other = second === undefined ? { strip: 0, shift: 0 } : place(second, split);
    return [split, place(first, 0), other] as const;
  });
  const bounds = pieces.map(({ strip }) =>
    strip < count ? boundsOf(strip, { sigma, width, scale }) : { ...UNDECIDED, under: 0 },
  );
  return { sigma, placeBits, width, count, scale, tailHeight, tailWidth, columns, bounds };
}

const UNDECIDED = { lower: -1, upper: Number.POSITIVE_INFINITY } as const;

/**
 * Lines through a strip's last integer b above and below A f.
 *
 * Up to σ the curve f is concave: above the chord from the strip's first integer to b, and below the tangent at b.
 * Beyond σ it is convex, and both are the other way round. What the slopes may be wrong by, computed, is taken off the
 * lower one and added to the upper one: each height by ESTIMATE_MARGIN, and roundings. `under` lies 1 to 3 below
 * A f(b), so that a point whose integer height lies below the lower line lies there with any fraction, and one that
 * lies at least 3 above the upper line does not lie under the curve.
 */
function boundsOf(
  strip: number,
  { sigma, width, scale }: Pick<Strips, 'sigma' | 'width' | 'scale'>,
): StripBounds {
  const [first, last] = [strip * width, (strip + 1) * width - 1];
  const height = (x: number) => scale * Math.exp((-x * x) / (2 * sigma * sigma));
  const under = Math.max(0, Math.floor(height(last) * (1 - ESTIMATE_MARGIN)) - 1);
  const hasTurn = first < sigma && last > sigma;
  if (hasTurn || under < 4) return { ...UNDECIDED, under };
  const chord = (height(first) - height(last)) / (width - 1);
  const tangent = (height(last) * last) / sigma ** 2;
  const margin = (4 * scale * ESTIMATE_MARGIN) / (width - 1) + Math.max(chord, tangent) * 2 ** -40;
  return { under, lower: Math.min(chord, tangent) - margin, upper: Math.max(chord, tangent) + margin };
}
