// The bytes of a file in pieces, from a descriptor that was opened and checked, or from memory: no more of them than
// the file had then.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DataError, problem } from './data-problem.ts';

export interface ByteSource {
  readonly sizeBytes: number;
  /** Bytes from a place on: fewer than asked for where the file ends, none behind its end. @throws DataError */
  read(at: number, length: number): Uint8Array;
}

export const sourceOfBytes = (bytes: Uint8Array): ByteSource => ({
  sizeBytes: bytes.length,
  read: (at, length) => bytes.subarray(at, at + length),
});

export function sourceOfDescriptor(descriptor: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    read(at, wanted) {
      const length = Math.max(0, Math.min(wanted, sizeBytes - at));
      const bytes = new Uint8Array(length);
      let got = 0;
      try {
        while (got < length) {
          const read = readSync(descriptor, bytes, got, length - got, at + got);
          if (read === 0) break;
          got += read;
        }
      } catch (cause) {
        throw new DataError([problem('FILE_UNREADABLE')], { cause });
      }
      return bytes.subarray(0, got);
    },
  };
}

/** A file that is open until it is disposed of. */
export interface OpenSource extends ByteSource, Disposable {}

/** @throws DataError FILE_UNREADABLE */
export function openSource(path: string): OpenSource {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error('no regular file');
    const opened = descriptor;
    return { ...sourceOfDescriptor(opened, stat.size), [Symbol.dispose]: () => closeSync(opened) };
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw new DataError([problem('FILE_UNREADABLE')], { cause });
  }
}
