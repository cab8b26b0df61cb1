// The end of a process's log: what a person needs to see when it died.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const LINE_CHARACTERS = 300;

/** The last lines of a file, at most `lines` and 16 KiB, long ones cut; empty where there is no file. */
export function logTail(file: string, lines = 15): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, 16_384);
    const buffer = Buffer.alloc(length);
    readSync(descriptor, buffer, 0, length, size - length);
    return buffer
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .map((line) => (line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line))
      .join('\n');
  } finally {
    closeSync(descriptor);
  }
}
