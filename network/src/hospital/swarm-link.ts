// The links between the IPFS nodes of hospitals: mutual TLS over the agreed names. From outside, each neighbour
// must prove with its own TLS authority that it is the host that all agreed on; towards a neighbour, this host
// does the same. The IPFS nodes themselves speak to their own host alone.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import {
  connect as connectTls,
  createServer as createTlsServer,
  type TLSSocket,
  type TlsOptions,
  type Server as TlsServer,
} from 'node:tls';
import { oneLine } from '@consilium/verify/channel';
import type { Pair, WatchedPair } from './watched-pair.ts';

const HANDSHAKE_MS = 10_000;
const MOST_OF_A_NEIGHBOUR = 32;
/** Of those that have proved nothing yet: together, and of one address. */
const MOST_UNPROVEN = 64;
const MOST_OF_AN_ADDRESS = 16;
const LOOPBACK = '127.0.0.1';

export interface LinkNeighbour {
  readonly mspId: string;
  readonly host: string;
  readonly port: number;
  /** PEM of its TLS authority. */
  readonly root: string;
  /** Where this host's IPFS node reaches it. */
  readonly localPort: number;
  /** Whether its authority took a certificate back, asked at each connection; none where absent. */
  readonly isRevoked?: (certificate: X509Certificate) => boolean;
}

export interface LinkOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Of this host's IPFS node. */
  readonly swarmPort: number;
  /** PEM texts. */
  readonly certificate: string;
  readonly key: string;
  readonly neighbours: readonly LinkNeighbour[];
  readonly report: (line: string) => void;
  /** Where the pair above is renewed; it stays where this is absent. */
  readonly renewals?: Pick<WatchedPair, 'onRenewed'>;
}

/** Listens in both directions until the signal. */
export async function runSwarmLink(options: LinkOptions, signal: AbortSignal): Promise<void> {
  let pair: Pair = { certificate: options.certificate, key: options.key };
  const entrance = incoming(options);
  options.renewals?.onRenewed((next) => {
    pair = next;
    entrance.server.setSecureContext(entranceOptions({ ...options, ...next }));
  });
  const exits = options.neighbours.map((one) => outgoing(one, { report: options.report, pair: () => pair }));
  const servers: Listening[] = [entrance, ...exits];
  const sockets = new Set<Socket>();
  for (const { server } of servers) {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
  await Promise.all(
    servers.map(({ server, port, host }) => {
      server.listen({ port, host });
      return once(server, 'listening');
    }),
  );
  if (!signal.aborted) await once(signal, 'abort');
  for (const { server } of servers) server.close();
  for (const socket of sockets) socket.destroy();
}

interface Listening {
  readonly server: Server;
  readonly host: string;
  readonly port: number;
}

/** The neighbour whose authority certified it for its agreed name; undefined for everybody else. */
export function neighbourOf(
  certificate: X509Certificate,
  neighbours: readonly LinkNeighbour[],
): LinkNeighbour | undefined {
  return neighbours.find(({ root, host }) => {
    const authority = new X509Certificate(root);
    const isUnder = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
    return isUnder && certificate.checkHost(host, { subject: 'never' }) !== undefined;
  });
}

const entranceOptions = ({ certificate, key, neighbours }: LinkOptions): TlsOptions => ({
  ...{ cert: certificate, key, ca: neighbours.map(({ root }) => root), minVersion: 'TLSv1.3' },
});

function incoming(options: LinkOptions): Listening & { readonly server: TlsServer } {
  const { listen, swarmPort, neighbours, report } = options;
  const open = new Map<string, number>();
  const unproven = new UnprovenConnections();
  const server = createTlsServer(
    {
      ...entranceOptions(options),
      ...{ requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_MS },
    },
    (socket) => {
      unproven.leave(socket);
      const proven = socket.getPeerX509Certificate();
      const neighbour = proven && neighbourOf(proven, neighbours);
      if (neighbour === undefined) {
        // A neighbour's authority writes what it likes into certificates.
        const who = oneLine(proven?.subject ?? 'no certificate');
        report(`refused ${socket.remoteAddress}: ${who} is no neighbour's host`);
        return void socket.destroy();
      }
      const { mspId } = neighbour;
      if (neighbour.isRevoked?.(proven!) === true) {
        report(`refused ${mspId}: its certificate was revoked`);
        return void socket.destroy();
      }
      const count = open.get(mspId) ?? 0;
      if (count >= MOST_OF_A_NEIGHBOUR) return void socket.destroy();
      open.set(mspId, count + 1);
      socket.once('close', () => open.set(mspId, open.get(mspId)! - 1));
      join(socket, connectPlain({ port: swarmPort, host: LOOPBACK }));
    },
  );
  server.on('tlsClientError', (error, { remoteAddress }) =>
    report(`refused ${remoteAddress ?? 'somebody'}: ${error.message}`),
  );
  // Strangers take no place of a neighbour, nor can they keep one from coming: of them the newest are waited for.
  server.on('connection', (socket) => unproven.take(socket));
  return { server, ...listen };
}

/** Before their handshake is over: a new one takes the place of the oldest, of its address or of all. */
class UnprovenConnections {
  /** By their far end, oldest first. */
  readonly #waiting = new Map<string, Socket>();

  take(socket: Socket): void {
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const all = [...this.#waiting.values()];
    const ofAddress = all.filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress);
    if (ofAddress.length >= MOST_OF_AN_ADDRESS) this.#end(ofAddress[0]!);
    else if (all.length >= MOST_UNPROVEN) this.#end(all[0]!);
    const end = endOf(socket);
    this.#waiting.set(end, socket);
    socket.once('close', () => this.#waiting.get(end) === socket && this.#waiting.delete(end));
  }

  /** A socket of TLS and the one under it have their far end in common. */
  leave(socket: Socket): void {
    this.#waiting.delete(endOf(socket));
  }

  #end(socket: Socket): void {
    this.leave(socket);
    socket.destroy();
  }
}

const endOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function outgoing(
  neighbour: LinkNeighbour,
  { report, pair }: Pick<LinkOptions, 'report'> & { readonly pair: () => Pair },
): Listening {
  const { host, port, root, localPort, mspId, isRevoked } = neighbour;
  let wasReached = true;
  const server = createServer((socket) => {
    const { certificate, key } = pair();
    const remote: TLSSocket = connectTls({
      ...{ host, port, servername: host, ca: [root], cert: certificate, key, minVersion: 'TLSv1.3' },
      timeout: 0,
    });
    remote.once('secureConnect', () => {
      // Before a byte of the own node leaves: it is sent on only from here.
      if (isRevoked?.(remote.getPeerX509Certificate()!) === true)
        return void remote.destroy(new Error('its certificate was revoked'));
      join(socket, remote);
      if (!wasReached) report(`${mspId} is reached again`);
      wasReached = true;
    });
    remote.once('error', (error) => {
      if (wasReached) report(`${mspId} at ${host}:${port} is not reached: ${error.message}`);
      wasReached = false;
      socket.destroy();
    });
    socket.once('close', () => remote.destroy());
    socket.on('error', () => remote.destroy());
  });
  return { server, host: LOOPBACK, port: localPort };
}

/** Bytes in both directions; the end or failure of one ends the other. */
function join(left: Socket, right: Socket): void {
  for (const socket of [left, right]) socket.setNoDelay(true);
  const end = () => {
    left.destroy();
    right.destroy();
  };
  pipeline(left, right, end);
  pipeline(right, left, end);
}
