// Lays out sliding windows as the rows of a matrix ("im2col"), with channels last.
import type { GraphWriter } from '../graph-writer.ts';
import { elementCount } from '../tensor-data.ts';

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

/** For each window, the flat places of its taps, row by row; `outside` for those that do not exist. */
function flatPlaces(
  windows: readonly Windows[],
  { space, outside }: { readonly space: readonly number[]; readonly outside: number },
): number[] {
  const [outer, inner] = windows.length === 2 ? windows.map(placesOf) : [[[0]], placesOf(windows[0]!)];
  const [height, width] = space.length === 2 ? space : [1, space[0]!];
  const isInside = (row: number, column: number) =>
    row >= 0 && row < height! && column >= 0 && column < width!;
  return outer!.flatMap((rows) =>
    inner!.flatMap((columns) =>
      rows.flatMap((row) =>
        columns.map((column) => (isInside(row, column) ? row * width! + column : outside)),
      ),
    ),
  );
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
  const size = elementCount(space);
  const places = flatPlaces(windows, { space, outside: size });
  const taps = elementCount(windows.map((own) => own.taps));
  let flat = writer.reshape(value, [rows, size, channels]);
  if (places.every((place, i) => place === i) && places.length === size) return flat;
  if (places.includes(size)) {
    flat = writer.emit('Pad', [flat, writer.int64s([0, 0, 0, 0, 1, 0])]);
  }
  const gathered = writer.emit('Gather', [flat, writer.int64s(places)], { axis: 1 });
  return writer.reshape(gathered, [rows, places.length / taps, taps * channels]);
}
