// SHA-256 of files that are asked for in every round: computed again only where something says that a file may have
// changed, and at the latest after a minute. What a digest recognises was committed to: a change that nothing says
// would be noticed late, and the committed rows used until then (decision 70).
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** At a time. */
const READ_BYTES = 2 ** 22;
/** How long a digest is believed. */
const BELIEVED_MS = 60_000;
/** A file that changed less long ago may change again and bear the same time. */
const SETTLED_MS = 2000;
const FILES_MAX = 64;

/** What a system says of a file. Its owner can set the times of its content, but not that of its last change. */
interface Looks {
  readonly place: string;
  readonly sizeBytes: number;
  readonly state: string;
  readonly changedAtMs: number;
}

interface Known {
  readonly state: string;
  readonly sha256: string;
  readonly hashedAtMs: number;
}

async function looksOf(handle: FileHandle): Promise<Looks> {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await handle.stat({ bigint: true });
  return {
    place: `${dev}:${ino}`,
    sizeBytes: Number(size),
    state: `${size} ${mtimeNs} ${ctimeNs}`,
    changedAtMs: Number(ctimeMs),
  };
}

/** As the system describes it: another text once anybody has written to the file, whatever is in it then. */
export const stateOf = async (handle: FileHandle): Promise<string> => (await looksOf(handle)).state;

async function hashOf(
  handle: FileHandle,
  { sizeBytes, signal }: { readonly sizeBytes: number; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(Math.min(READ_BYTES, sizeBytes));
  for (let done = 0; done < sizeBytes; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), done);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest('hex');
}

export class FileDigests {
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Known>();

  /** @param nowMs the clock of the files' times */
  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /**
   * SHA-256 of the bytes that a file had when it was opened.
   *
   * @param wish `isRead`: whether it is computed whatever is known
   */
  async of(
    handle: FileHandle,
    {
      sizeBytes,
      signal,
      isRead = false,
    }: { readonly sizeBytes: number; readonly signal?: AbortSignal | undefined; readonly isRead?: boolean },
  ): Promise<string> {
    const before = await looksOf(handle);
    const known = this.#known.get(before.place);
    const beganAtMs = this.#nowMs();
    if (!isRead && known?.state === before.state) {
      const ageMs = beganAtMs - known.hashedAtMs;
      if (ageMs >= 0 && ageMs < BELIEVED_MS) return known.sha256;
    }
    this.#known.delete(before.place);
    const sha256 = await hashOf(handle, { sizeBytes, signal });
    const state = await stateOf(handle);
    const isSettled = beganAtMs - before.changedAtMs >= SETTLED_MS;
    // One that has grown since it was opened has more bytes than were read: this digest is not that of its state.
    const isWhole = before.sizeBytes === sizeBytes;
    if (isSettled && isWhole && state === before.state)
      this.#keep(before.place, { state, sha256, hashedAtMs: beganAtMs });
    return sha256;
  }

  #keep(place: string, known: Known): void {
    if (this.#known.size >= FILES_MAX) this.#known.clear();
    this.#known.set(place, known);
  }
}
