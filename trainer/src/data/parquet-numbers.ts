// Numbers as Parquet's plain encoding has them: where they are what they say, what lies at a place, and what a cell's
// reader makes of it.
import type { SchemaElement } from 'hyparquet';

/** What reads cells of a column. */
interface Reader {
  read(value: unknown): number | string;
  /** The same for a finite number that is its own text. */
  readNumber?(value: number): number;
}

/** Types of numbers in the plain encoding. */
export type PlainType = 'DOUBLE' | 'FLOAT' | 'INT32' | 'INT64';

export const sizeOf = (type: PlainType): number => (type === 'DOUBLE' || type === 'INT64' ? 8 : 4);

/** The shortest decimal that is this float32: 0.1, where as a double it would be 0.10000000149011612. */
export function shortestFloat(value: number): number {
  // What people write has six digits at most, of which no two are one float32.
  for (let places = 0, power = 1; places < 7; places++, power *= 10) {
    const digits = Math.round(value * power);
    if (digits > 999_999 || digits < -999_999) break;
    if (Math.fround(digits / power) === value) return digits / power;
  }
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Numbers that are what they say, with no unit or scale of their own. */
export function plainTypeOf({
  type,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): PlainType | undefined {
  if (converted !== undefined && !/^INT_(8|16|32|64)$/.test(converted)) return undefined;
  if (logical !== undefined && !(logical.type === 'INTEGER' && logical.isSigned)) return undefined;
  return type === 'DOUBLE' || type === 'FLOAT' || type === 'INT32' || type === 'INT64' ? type : undefined;
}

/** What a target makes of the number that lies at a place. */
export function meaningAt(
  target: Reader,
  { view, at, type }: { readonly view: DataView; readonly at: number; readonly type: PlainType },
): number | string {
  let value: number;
  if (type === 'DOUBLE') value = view.getFloat64(at, true);
  else if (type === 'INT32') value = view.getInt32(at, true);
  else if (type === 'INT64') value = wholeNumber(view, at);
  else value = shortestFloat(view.getFloat32(at, true));
  if (target.readNumber !== undefined && Number.isFinite(value)) return target.readNumber(value);
  return target.read(type === 'INT64' ? view.getBigInt64(at, true) : value);
}

/** As `Number` of the bigint would round it. */
function wholeNumber(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  // Exact: the product and the sum are below 2^53.
  if (high >= -0x200000 && high < 0x200000) return high * 2 ** 32 + view.getUint32(at, true);
  return Number(view.getBigInt64(at, true));
}

/**
 * Copies doubles that are their own meaning, up to the first that is not.
 *
 * @param at where the first of them begins
 * @returns how many there are
 */
export function copyOwn(
  view: DataView,
  {
    target: { ownRange },
    into,
    from,
    count,
    at = 0,
  }: {
    readonly target: {
      readonly ownRange?: { readonly low: number; readonly high: number } | undefined;
    };
    readonly into: Float64Array;
    readonly from: number;
    readonly count: number;
    readonly at?: number;
  },
): number {
  if (ownRange === undefined) return 0;
  const { low, high } = ownRange;
  for (let done = 0; done < count; done++) {
    const value = view.getFloat64(at + done * 8, true);
    if (!(value >= low && value <= high)) return done;
    into[from + done] = value;
  }
  return count;
}
