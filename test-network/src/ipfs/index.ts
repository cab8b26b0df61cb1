// A stand-in for a Kubo (IPFS) node: the part of its RPC that `ipfs-http-client` uses, giving the same CIDs
// and the same refusals, on one machine and never in touch with another node. A consortium runs Kubo itself.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MAX_FILE_BYTES } from './file-size.ts';
import { openRepo } from './ipfs-repo.ts';
import { createRpcServer } from './rpc-server.ts';

const CLOSE_GRACE_MS = 3_000;

export interface IpfsOptions {
  /** Where blocks and pins are kept; made when absent. One process at a time. */
  readonly dir: string;
  /** 0, or none, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Answers as a full disk would beyond this, so that one can be rehearsed. No limit by default. */
  readonly storageMaxBytes?: number;
  /** Refuses larger files, so that a test needs no large one. 2^31 - 1 by default, which is also the most. */
  readonly maxFileBytes?: number;
}

export interface RunningIpfs {
  readonly url: string;
  /** Lets answers under way finish, for a few seconds, and stops. */
  close(): Promise<void>;
}

export async function startIpfs(options: IpfsOptions): Promise<RunningIpfs> {
  const repo = await openRepo({
    dir: options.dir,
    storageMaxBytes: options.storageMaxBytes ?? Number.POSITIVE_INFINITY,
    maxFileBytes: Math.min(options.maxFileBytes ?? MAX_FILE_BYTES, MAX_FILE_BYTES),
  });
  const server = createRpcServer(repo);
  try {
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await repo.close();
    throw error;
  }
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(cutOff);
      await repo.close();
    },
  };
}
