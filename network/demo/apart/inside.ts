// The people of each hospital reach its gateway from inside: a process in each host leads to a socket in its folder,
// and a port of this machine's own loopback interface leads to that socket.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, connect as dial, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSIDE_PORTS } from '../../src/hospital/inside-ports.ts';
import { readSecrets } from '../../src/secrets.ts';
import type { DemoHospital } from '../data-files.ts';
import type { Site } from '../enrolment.ts';
import { HospitalClient } from '../hospital-client.ts';
import type { Host, Hosts } from './hosts.ts';

const PATIENCE_MS = 300_000;

/** A hospital whose people are inside. */
export interface InsideSite extends Site {
  readonly host: Host;
  readonly ipfsUrl: string;
  readonly address: {
    readonly name: string;
    readonly mspId: string;
    readonly title: string;
    readonly gatewayUrl: string;
    readonly documentationUrl: string;
    readonly trainerUrl: string;
    readonly keysFile: string;
  };
  /** Once the hospital is on another host, with the same folder: its people reach it as before. */
  moveTo(host: Host): Promise<void>;
  close(): Promise<void>;
}

export interface Inside {
  readonly hosts: Hosts;
  readonly host: Host;
  /** The hospital's folder on that host. */
  readonly folder: string;
  readonly hospital: DemoHospital;
  readonly signal: AbortSignal;
}

/** Once the gateway has started for the first time, which makes its keys. What it opens goes on until it is closed. */
export async function goInside({ hosts, host, folder, hospital, signal }: Inside): Promise<InsideSite> {
  const sockets = { gateway: join(host.folder, 'gateway.sock'), ipfs: join(host.folder, 'ipfs.sock') };
  const pairs = [`${sockets.gateway}=${INSIDE_PORTS.gateway}`, `${sockets.ipfs}=${INSIDE_PORTS.ipfs}`];
  const startRelay = async (at: Host): Promise<ChildProcess> => {
    const relay = join(import.meta.dirname, 'inside-relay.js');
    const started = hosts.start(at, [process.execPath, relay, ...pairs]);
    while (!existsSync(sockets.ipfs)) await sleep(50, undefined, { signal });
    return started;
  };
  let relay = await startRelay(host);
  const servers: Server[] = [];
  const url = await relayTo(sockets.gateway, servers);
  const ipfsUrl = await relayTo(sockets.ipfs, servers);
  const { name, mspId, title } = hospital;
  const { gateway: keys } = readSecrets(folder, name);
  return {
    host,
    hospital,
    // Parts of the hospital are killed, cut off and restarted meanwhile.
    client: new HospitalClient({ url, keys, signal, patienceMs: PATIENCE_MS }),
    ipfsUrl,
    address: {
      ...{ name, mspId, title, gatewayUrl: url, documentationUrl: '', trainerUrl: '' },
      keysFile: join(folder, name, 'keys.json'),
    },
    moveTo: async (other) => {
      await endRelay(relay);
      relay = await startRelay(other);
    },
    close: async () => {
      for (const server of servers) server.close();
      await endRelay(relay);
    },
  };
}

/** A port of this machine's own loopback interface that leads to a socket in a host's folder. */
async function relayTo(path: string, servers: Server[]): Promise<string> {
  const server = createServer((socket) => {
    const inside = dial(path);
    pipeline(socket, inside, socket, () => {
      socket.destroy();
      inside.destroy();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function endRelay(relay: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => relay.once('exit', resolve));
  if (relay.exitCode === null && relay.signalCode === null && relay.kill('SIGTERM')) await ended;
}
