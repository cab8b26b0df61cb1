// When each API key was last used, to the minute: what nobody uses any more can be revoked. Kept by the hash of a key,
// so that a rotated one has a time of its own.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MINUTE_MS = 60_000;

/** Where a gateway writes them down. */
export const keyUsesFile = (dataDirectory: string): string => join(dataDirectory, 'key-uses.json');

/** Times by the hash of each key; none for a file that is missing or broken: they decide nothing. */
export function readKeyUses(path: string): ReadonlyMap<string, string> {
  try {
    const uses = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>);
    return new Map(
      uses.flatMap(([hash, usedAt]) => (typeof usedAt === 'string' ? [[hash, usedAt] as const] : [])),
    );
  } catch {
    return new Map();
  }
}

export class KeyUses {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #uses: Map<string, string>;
  #writtenAtMs: number;
  #isChanged = false;

  constructor(path: string, onFailure: (error: unknown) => void, nowMs: number = Date.now()) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#uses = new Map(readKeyUses(path));
    this.#writtenAtMs = nowMs - MINUTE_MS;
  }

  /** Remembers a use; on disk within a minute of use, or when it is closed. */
  note(hash: string, nowMs: number): void {
    const usedAt = new Date(nowMs - (nowMs % MINUTE_MS)).toISOString();
    if (this.#uses.get(hash) !== usedAt) {
      this.#uses.set(hash, usedAt);
      this.#isChanged = true;
    }
    if (this.#isChanged && nowMs - this.#writtenAtMs >= MINUTE_MS) this.#write(nowMs);
  }

  /** When the key of this hash was last used; undefined where nobody knows. */
  lastOf(hash: string): string | undefined {
    return this.#uses.get(hash);
  }

  /** Forgets keys that are no more. */
  keepOnly(hashes: ReadonlySet<string>): void {
    for (const hash of this.#uses.keys()) {
      if (!hashes.has(hash)) this.#isChanged = this.#uses.delete(hash) || this.#isChanged;
    }
  }

  close(nowMs: number = Date.now()): void {
    if (this.#isChanged) this.#write(nowMs);
  }

  /** A failure changes nothing for callers. */
  #write(nowMs: number): void {
    this.#writtenAtMs = nowMs;
    try {
      const beside = `${this.#path}.new`;
      const file = openSync(beside, 'w', 0o600);
      try {
        writeSync(file, `${JSON.stringify(Object.fromEntries(this.#uses))}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(beside, this.#path);
      this.#isChanged = false;
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
