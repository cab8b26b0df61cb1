/** Which ports the network listens on: configured, in a run, remembered from the last start, or free ones. */
import { createServer } from 'node:net';
import type { NetworkConfig } from './config.ts';

export interface Ports {
  readonly orderer: number;
  readonly ipfs: number;
  readonly peers: Readonly<Record<string, number>>;
}

/** 0 stands for a port that is still to be found. */
export function wantedPorts(options: {
  readonly config: NetworkConfig;
  readonly portBase: number | undefined;
  readonly remembered: Ports | undefined;
}): Ports {
  const { config, portBase, remembered } = options;
  const based = (offset: number) => (portBase === undefined ? undefined : portBase + offset);
  const peers = config.organisations.map(
    ({ mspId, peerPort }, at) => [mspId, peerPort ?? based(1 + at) ?? remembered?.peers[mspId] ?? 0] as const,
  );
  return {
    orderer: based(0) ?? remembered?.orderer ?? 0,
    peers: Object.fromEntries(peers),
    ipfs: config.ipfs.port ?? based(1 + peers.length) ?? remembered?.ipfs ?? 0,
  };
}

/** Finds free ports for those given as 0; the others stay. */
export async function findPorts(host: string, ports: readonly number[]): Promise<number[]> {
  const probes = ports.map(
    (port) =>
      new Promise<{ port: number; close(): void }>((resolve, reject) => {
        if (port !== 0) {
          resolve({ port, close: () => undefined });
          return;
        }
        const probe = createServer();
        probe.once('error', reject);
        probe.listen(0, host, () => {
          const address = probe.address() as { port: number };
          resolve({ port: address.port, close: () => probe.close() });
        });
      }),
  );
  const found = await Promise.all(probes);
  for (const { close } of found) close();
  return found.map(({ port }) => port);
}
