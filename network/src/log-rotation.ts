// Keeps the logs of supervised processes within bounds. A process writes to its log itself, so that its last words are
// there whatever becomes of the supervisor, and it cannot be asked to reopen it (Fabric's programs cannot). So a full
// log is copied to `.1` and then emptied under the process, which appends: no line has to pass through us.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface LogLimits {
  /** A log that is larger is moved on. */
  readonly maxBytes: number;
  /** How many full ones are kept beside the one that is written: `.1` is the newest. */
  readonly files: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = { maxBytes: 10 * 1024 * 1024, files: 3 };

const CHUNK_BYTES = 1024 * 1024;

/**
 * Moves a log on where it is larger than it may be: at most `files` + 1 files of about `maxBytes` remain. A log that
 * grew to more than twice that since the last look keeps its newest 2 `maxBytes`, and its first line says so.
 *
 * Nothing that was written before the last look at its size is lost; a line that arrives in the microseconds between
 * that and the truncation is.
 *
 * @returns whether it was moved on
 */
export function rotateLog(log: string, { maxBytes, files }: LogLimits): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(log, 'r+');
  } catch {
    return false;
  }
  try {
    if (fstatSync(descriptor).size <= maxBytes) return false;
    removeSurplus(log, files - 1);
    for (let number = files - 1; number >= 1; number--) {
      if (existsSync(`${log}.${number}`)) renameSync(`${log}.${number}`, `${log}.${number + 1}`);
    }
    if (files > 0) keepEnd({ descriptor, copy: `${log}.1`, maxBytes });
    ftruncateSync(descriptor, 0);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Copies the newest bytes of an open log. A disk without room for them must not keep the log from being emptied. */
function keepEnd(of: {
  readonly descriptor: number;
  readonly copy: string;
  readonly maxBytes: number;
}): void {
  const { descriptor, copy, maxBytes } = of;
  const target = openSync(copy, 'w', 0o600);
  try {
    const { size } = fstatSync(descriptor);
    const left = Math.max(0, size - 2 * maxBytes);
    if (left > 0) writeSync(target, `--- ${left} bytes before this were not kept: the log grew too fast\n`);
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let position = left;
    // Until nothing more arrives, but not without end behind a process that writes as fast as we read.
    for (let copied = 0; copied <= 3 * maxBytes; ) {
      const readBytes = readSync(descriptor, buffer, 0, buffer.length, position);
      if (readBytes === 0) break;
      writeSync(target, buffer, 0, readBytes);
      position += readBytes;
      copied += readBytes;
    }
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    rmSync(copy, { force: true });
  } finally {
    closeSync(target);
  }
}

/** Removes moved-on logs beyond a number, also those of a time when more were kept. */
function removeSurplus(log: string, keep: number): void {
  const folder = dirname(log);
  for (const name of readdirSync(folder)) {
    const number = name.startsWith(`${basename(log)}.`)
      ? Number(name.slice(basename(log).length + 1))
      : Number.NaN;
    if (Number.isInteger(number) && number > keep) rmSync(join(folder, name), { force: true });
  }
}
