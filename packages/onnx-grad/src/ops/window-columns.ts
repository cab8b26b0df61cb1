// Lays out sliding windows as the rows of a matrix ("im2col"), with channels last.
import type { GraphWriter } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';

/** Windows along one axis: window w has the positions start + w · stride + t · spacing, for taps t from 0 on. */
export interface Windows {
  /** May be negative: positions outside the axis hold zeros. */
  readonly start: number;
  readonly count: number;
  readonly stride: number;
  readonly taps: number;
  /** May be negative. */
  readonly spacing: number;
}

/** For each window, the positions of its taps along one axis. */
const positionsOf = ({ start, count, stride, taps, spacing }: Windows): number[][] =>
  Array.from({ length: count }, (_, w) =>
    Array.from({ length: taps }, (_, t) => start + w * stride + t * spacing),
  );

/** Where an array of the extents given lies in another: at `at`, which is below 0 where it begins before it. */
interface Region {
  readonly space: readonly number[];
  readonly at: readonly number[];
  readonly source: readonly number[];
}

/** For each window, the flat positions of its taps in the source, row by row; the source's size for those outside. */
function flatIndices(windows: readonly Windows[], { space, at, source }: Region): number[] {
  const along = windows.map((own, axis) =>
    positionsOf(own).map((taps) =>
      taps.map((position) => {
        const inSource = position + at[axis]!;
        const isInside =
          position >= 0 && position < space[axis]! && inSource >= 0 && inSource < source[axis]!;
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
 * How many positions can be copied as one: a divisor of the taps along the inner axis, such that positions come in runs
 * of so many, each of which begins at a multiple of it or is all outside.
 */
function runOf(
  positions: readonly number[],
  { taps, size }: { readonly taps: number; readonly size: number },
) {
  const isRun = (run: number) =>
    size % run === 0 &&
    positions.every((position, i) => {
      if (i % run === 0) return position % run === 0;
      const before = positions[i - 1]!;
      return before === size ? position === size : position === before + 1 && position !== size;
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
  const positions = flatIndices(windows, { space, at, source: sourceSpace });
  const taps = elementCount(windows.map((own) => own.taps));
  const run = runOf(positions, { taps: windows.at(-1)!.taps, size });
  const starts = positions.filter((_, i) => i % run === 0).map((position) => position / run);
  let flat = writer.reshape(source, [rows, size / run, run * channels]);
  if (positions.every((position, i) => position === i) && positions.length === size) return flat;
  if (positions.includes(size)) {
    flat = writer.emit('Pad', [flat, writer.int64s([0, 0, 0, 0, 1, 0])]);
  }
  const gathered = writer.emit('Gather', [flat, writer.int64s(starts)], { axis: 1 });
  return writer.reshape(gathered, [rows, positions.length / taps, taps * channels]);
}
