// Lays out sliding windows as the rows of a matrix ("im2col"), with channels last.
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';

/** Windows along one axis: window w has the places start + w · stride + t · spacing, for taps t from 0 on. */
export interface Windows {
  /** May be negative: places outside the axis hold zeros. */
  readonly start: number;
  readonly count: number;
  readonly stride: number;
  readonly taps: number;
  /** May be negative. */
  readonly spacing: number;
}

/** For each window, the places of its taps along one axis. */
const placesOf = ({ start, count, stride, taps, spacing }: Windows): number[][] =>
  Array.from({ length: count }, (_, w) =>
    Array.from({ length: taps }, (_, t) => start + w * stride + t * spacing),
  );

/** Where an array of the extents given lies in another: at `at`, which is below 0 where it begins before it. */
interface Place {
  readonly space: readonly number[];
  readonly at: readonly number[];
  readonly source: readonly number[];
}

/** For each window, the flat places of its taps in the source, row by row; the source's size for those outside. */
function flatPlaces(windows: readonly Windows[], { space, at, source }: Place): number[] {
  const along = windows.map((own, axis) =>
    placesOf(own).map((taps) =>
      taps.map((place) => {
        const inSource = place + at[axis]!;
        const isInside = place >= 0 && place < space[axis]! && inSource >= 0 && inSource < source[axis]!;
        return isInside ? inSource : undefined;
      }),
    ),
  );
  const [outer, inner] = along.length === 2 ? along : [[[0]], along[0]!];
  const width = source.at(-1)!;
  const outside = elementCount(source);
  const flat = (row: number | undefined, column: number | undefined) =>
    row === undefined || column === undefined ? outside : row * width + column;
  return outer!.flatMap((rows) =>
    inner!.flatMap((columns) => rows.flatMap((row) => columns.map((column) => flat(row, column)))),
  );
}

/**
 * How many places can be copied as one: a divisor of the taps along the inner axis, such that places come in runs of so
 * many, each of which begins at a multiple of it or is all outside.
 */
function runOf(places: readonly number[], { taps, size }: { readonly taps: number; readonly size: number }) {
  const isRun = (run: number) =>
    size % run === 0 &&
    places.every((place, i) => {
      if (i % run === 0) return place % run === 0;
      const before = places[i - 1]!;
      return before === size ? place === size : place === before + 1 && place !== size;
    });
  let run = taps;
  while (run > 1 && !(taps % run === 0 && isRun(run))) run--;
  return run;
}

/**
 * From a float [rows, ...space, channels], the windows along all spatial axes: [rows, windows, taps · channels], the
 * taps row by row.
 */
export function emitWindowColumns(
  writer: GraphWriter,
  value: string,
  shape: {
    readonly rows: number;
    readonly space: readonly number[];
    readonly channels: number;
    readonly windows: readonly Windows[];
  },
): string {
  const { rows, space, channels, windows } = shape;
  // What was cut off or padded with zeros need not be: the windows are taken from the source.
  const none = [0, ...space.map(() => 0), 0];
  const { source, before, after } = writer.unpaddedOf(value) ?? { source: value, before: none, after: none };
  const at = before.slice(1, -1).map((count) => -count);
  const sourceSpace = space.map((extent, i) => extent - before[i + 1]! - after[i + 1]!);
  const size = elementCount(sourceSpace);
  const places = flatPlaces(windows, { space, at, source: sourceSpace });
  const taps = elementCount(windows.map((own) => own.taps));
  const run = runOf(places, { taps: windows.at(-1)!.taps, size });
  const starts = places.filter((_, i) => i % run === 0).map((place) => place / run);
  let flat = writer.reshape(source, [rows, size / run, run * channels]);
  if (places.every((place, i) => place === i) && places.length === size) return flat;
  if (places.includes(size)) {
    flat = writer.emit('Pad', [flat, writer.int64s([0, 0, 0, 0, 1, 0])]);
  }
  const gathered = writer.emit('Gather', [flat, writer.int64s(starts)], { axis: 1 });
  return writer.reshape(gathered, [rows, places.length / taps, taps * channels]);
}
