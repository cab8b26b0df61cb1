// Unpacks the pages of a Parquet file within bounds. What they unpack to lies outside a thread's heap and its limit,
// and a page of a few bytes can say gigabytes, or hold them whatever it says.
import assert from 'node:assert/strict';
import type { Compressors } from 'hyparquet';
import { compressors, decompressZstd } from 'hyparquet-compressors';
import { DataError, problem } from './data-problem.ts';

/** All pages together may unpack to so many times the file's size, and to the least in any case. */
const TIMES = 16;
const LEAST_BYTES = 2 ** 28;

/**
 * What unpacks the pages of one file, each to the size that its header says.
 *
 * @param fileBytes size of the file
 * @throws DataError FILE_TOO_LARGE, from each of them
 */
export function unpackersOf(fileBytes: number): Compressors {
  const mostBytes = Math.max(LEAST_BYTES, TIMES * fileBytes);
  let unpacked = 0;
  const all: Compressors = {
    ...compressors,
    // Into an array of that size: by itself it makes one of whatever size the page's own frames have.
    ZSTD: (input, bytes) => decompressZstd(input, new Uint8Array(bytes)),
  };
  return Object.fromEntries(
    Object.entries(all).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, bytes: number) => {
        assert(bytes >= 0, 'a size');
        unpacked += bytes;
        if (unpacked > mostBytes) throw new DataError([problem('FILE_TOO_LARGE')]);
        return unpack(input, bytes);
      },
    ]),
  );
}
