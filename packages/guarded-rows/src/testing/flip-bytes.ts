// Damages a stored database byte by byte, for tests that hold its owner to: unaffected, or stopped by name.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** All rows of all tables of the owner, as text; the digests beside them are not the owner's. */
export function contentOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'guard_%' ORDER BY name",
      )
      .all();
    return tables
      .map(({ name }) =>
        JSON.stringify([name, database.prepare(`SELECT * FROM ${name} ORDER BY 1, 2`).all()]),
      )
      .join('\n');
  } finally {
    database.close();
  }
}

export interface FlipOutcome {
  readonly offset: number;
  readonly mask: number;
  /** What the start threw; undefined when it started. */
  readonly error: unknown;
  /** Whether the owner's rows are those of the undamaged file. */
  readonly isSame: boolean;
}

/**
 * Starts the owner over copies of its folder, each with one byte changed.
 *
 * @param of - the file to damage, and its folder's owner: opens and closes it, or throws
 */
export function flipBytes(of: {
  readonly file: string;
  /** The database whose rows are compared, when `file` is one beside it. */
  readonly database?: string;
  readonly offsets: Iterable<number>;
  readonly open: (file: string) => void;
}): FlipOutcome[] {
  const { file, database = file, offsets, open } = of;
  const folder = dirname(file);
  const bytes = readFileSync(file);
  const sound = mkdtempSync(join(folder, '..', 'sound-'));
  copyFolder(folder, sound);
  const expected = contentOf(join(sound, basename(database)));
  rmSync(sound, { recursive: true });
  const outcomes: FlipOutcome[] = [];
  for (const offset of offsets) {
    const mask = 1 + ((offset * 7) % 255);
    const copy = mkdtempSync(join(folder, '..', 'flipped-'));
    try {
      copyFolder(folder, copy);
      const damaged = Buffer.from(bytes);
      damaged[offset]! ^= mask;
      writeFileSync(join(copy, basename(file)), damaged);
      let error: unknown;
      try {
        open(join(copy, basename(database)));
      } catch (thrown) {
        error = thrown;
      }
      const isSame = error === undefined && contentOf(join(copy, basename(database))) === expected;
      outcomes.push({ offset, mask, error, isSame });
    } finally {
      rmSync(copy, { recursive: true });
    }
  }
  return outcomes;
}

/** In the free space of a page, where one byte is like another, one of so many offsets is enough. */
const OF_FREE_SPACE = 16;
/** So many zeros before and after a byte are free space, or the middle of a long value of zeros. */
const ZEROS_AROUND = 8;

/** The whole header, then a byte in every `step` where something is written, and fewer where nothing is. */
export function* sampledOffsets(file: string, step: number): Generator<number> {
  const bytes = readFileSync(file);
  for (let offset = 0; offset < Math.min(100, bytes.length); offset++) yield offset;
  let free = 0;
  for (let offset = 100; offset < bytes.length; offset += step) {
    const around = bytes.subarray(offset - ZEROS_AROUND, offset + ZEROS_AROUND + 1);
    if (around.some((byte) => byte !== 0) || free++ % OF_FREE_SPACE === 0) yield offset;
  }
}

/** Copies a folder of files as a crash would leave them: what SQLite keeps in memory only is not in it. */
export function copyFolder(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (existsSync(join(from, name)) && !name.endsWith('-shm'))
      cpSync(join(from, name), join(to, name), { recursive: true });
  }
}
