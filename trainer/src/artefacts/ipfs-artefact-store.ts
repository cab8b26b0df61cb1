// The store on an IPFS node (Kubo's RPC). The only file that knows the IPFS client. The node is a hospital's
// own, but what it serves came from others: nothing is believed that was not recomputed here.

import type { KuboRPCClient } from 'ipfs-http-client';
import { ArtefactError } from './artefact-error.ts';
import { type ArtefactRef, type ArtefactStore, DEFAULT_MAX_ARTEFACT_BYTES } from './artefact-store.ts';
import { CHUNK_BYTES } from './content-id.ts';
import { refOf, refuseOversize, verifyArtefact } from './verify-artefact.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export interface IpfsArtefactStoreOptions {
  /** Of the node's RPC, for example http://127.0.0.1:5001. */
  readonly url: string;
  readonly maxBytes?: number;
  /** Of one whole operation. A node that is online looks for unknown content this long. */
  readonly timeoutMs?: number;
}

/** Which error an operation's running out of time means. */
type Slow = 'ARTEFACT_STORE_UNREACHABLE' | 'ARTEFACT_UNREACHABLE';

export class IpfsArtefactStore implements ArtefactStore {
  readonly #url: string;
  readonly #maxBytes: number;
  readonly #timeoutMs: number;
  #client: Promise<KuboRPCClient> | undefined;

  constructor({ url, maxBytes, timeoutMs }: IpfsArtefactStoreOptions) {
    this.#url = url;
    this.#maxBytes = maxBytes ?? DEFAULT_MAX_ARTEFACT_BYTES;
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async put(bytes: Uint8Array): Promise<ArtefactRef> {
    refuseOversize(bytes.length, this.#maxBytes);
    const ref = await refOf(bytes);
    const { cid } = await this.#ask('ARTEFACT_STORE_UNREACHABLE', (client, signal) =>
      client.add(bytes, {
        cidVersion: 1,
        rawLeaves: true,
        chunker: `size-${CHUNK_BYTES}`,
        pin: true,
        signal,
      }),
    );
    if (cid.toString() !== ref.cid) {
      const detail = `the node stored ${cid} where the bytes' CID is ${ref.cid}`;
      throw new ArtefactError('ARTEFACT_HASH_MISMATCH', detail);
    }
    return ref;
  }

  async get(ref: ArtefactRef): Promise<Uint8Array> {
    refuseOversize(ref.sizeBytes, this.#maxBytes);
    const bytes = await this.#ask('ARTEFACT_UNREACHABLE', (client, signal) =>
      this.#read(ref, client, signal),
    );
    if (bytes.length < ref.sizeBytes && (await this.#statedSize(ref.cid)) === ref.sizeBytes) {
      // The node says so in a trailer, which the client does not pass on.
      const detail = `the node has ${bytes.length} of the ${ref.sizeBytes} bytes of ${ref.cid}`;
      throw new ArtefactError('ARTEFACT_UNREACHABLE', detail);
    }
    await verifyArtefact(bytes, ref);
    return bytes;
  }

  async pin(cid: string): Promise<void> {
    await this.#ask('ARTEFACT_UNREACHABLE', (client, signal) => client.pin.add(cid, { signal }));
  }

  async unpin(cid: string): Promise<void> {
    try {
      await this.#ask('ARTEFACT_STORE_UNREACHABLE', (client, signal) => client.pin.rm(cid, { signal }));
    } catch (error) {
      if (!(error instanceof ArtefactError && /not pinned/.test(error.message))) throw error;
    }
  }

  async unpinnedOf(cids: readonly string[]): Promise<string[]> {
    const left = new Set(cids);
    if (left.size === 0) return [];
    await this.#ask('ARTEFACT_STORE_UNREACHABLE', async (client, signal) => {
      for await (const { cid } of client.pin.ls({ type: 'recursive', signal })) left.delete(cid.toString());
    });
    return [...left];
  }

  /**
   * One byte more than expected is asked for and no further one kept, so that a liar cannot fill the memory.
   */
  async #read(
    { cid, sizeBytes }: ArtefactRef,
    client: KuboRPCClient,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes);
    let filled = 0;
    for await (const chunk of client.cat(cid, { length: sizeBytes + 1, signal })) {
      if (filled + chunk.length > sizeBytes) {
        const detail = `${cid} has more than ${sizeBytes} bytes`;
        throw new ArtefactError('ARTEFACT_HASH_MISMATCH', detail);
      }
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    return bytes.subarray(0, filled);
  }

  async #statedSize(cid: string): Promise<number> {
    const { size } = await this.#ask('ARTEFACT_UNREACHABLE', (client, signal) =>
      client.files.stat(`/ipfs/${cid}`, { signal }),
    );
    return Number(size);
  }

  async #ask<T>(slow: Slow, call: (client: KuboRPCClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    // Loaded when first asked: it is a third of a trainer's start, and commands without a ledger never ask.
    this.#client ??= import('ipfs-http-client').then(({ create }) => create({ url: this.#url }));
    const client = await this.#client;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await call(client, signal);
    } catch (cause) {
      if (cause instanceof ArtefactError) throw cause;
      if (signal.aborted) {
        throw new ArtefactError(slow, `no full answer within ${this.#timeoutMs} ms`, { cause });
      }
      throw toArtefactError(cause as Error);
    }
  }
}

function toArtefactError(cause: Error): ArtefactError {
  const { message } = cause;
  if (/no space left on device|disk quota exceeded/i.test(message)) {
    return new ArtefactError('ARTEFACT_STORAGE_FULL', undefined, { cause });
  }
  if (/could not find|not found locally|failed to fetch all nodes/i.test(message)) {
    return new ArtefactError('ARTEFACT_UNREACHABLE', message, { cause });
  }
  if (cause.name === 'HTTPError') return new ArtefactError('ARTEFACT_STORE_REFUSED', message, { cause });
  return new ArtefactError('ARTEFACT_STORE_UNREACHABLE', `the IPFS node does not answer: ${message}`, {
    cause,
  });
}
