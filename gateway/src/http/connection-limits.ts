// How many connections are kept, in all and of one address. A new one takes the place of the one that has waited
// longest without a valid key: silent and slow connections of some cannot keep others out.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, isIPv6, type Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What is being answered on a connection, as far as this service knows. */
export interface InFlight {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Held {
  readonly socket: Socket;
  readonly end: string;
  readonly address: string;
  /** A request on it had a valid key. */
  known: boolean;
  inFlight: InFlight | undefined;
}

export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** An IPv4 address, or the 64 bits that an IPv6 subscriber has; a mapped IPv4 address is one. */
export function addressGroup(address: string): string {
  const [mapped] = /(?<=^::ffff:)\d+\.\d+\.\d+\.\d+$/i.exec(address) ?? [];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const all = address.includes('::')
    ? [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right]
    : left;
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Addresses and networks of proxies, as `CONSILIUM_PROXIES` lists them. @throws Error naming what is neither */
export function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch {
      throw new Error(`"${entry}" is neither an address nor a network such as 10.0.0.0/8`);
    }
  }
  return list;
}

export const isListed = (list: BlockList | undefined, address: string): boolean =>
  list?.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ?? false;

const endOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #proxies: BlockList | undefined;
  /** By the far end of each, which a socket of TLS and the one under it have in common. */
  readonly #held = new Map<string, Held>();
  readonly #byAddress = new Map<string, Set<Held>>();

  constructor(limits: ConnectionLimits, proxies?: BlockList) {
    this.#limits = limits;
    this.#proxies = proxies;
  }

  /** Follows the server's connections, and what is asked on them. Call it before routes are added. */
  watch(app: FastifyInstance): void {
    app.server.on('connection', (socket: Socket) => this.#add(socket));
    app.addHook('onRequest', async ({ raw: request }, { raw: response }) => this.#begin(request, response));
  }

  /** The same of a server without routes. */
  watchServer(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#begin(request, response),
    );
  }

  /** A request on it has shown a valid key, or its far end has proved who it is. */
  know({ socket }: { readonly socket: Socket }): void {
    const held = this.#held.get(endOf(socket));
    if (held !== undefined) held.known = true;
  }

  inFlightOn(socket: Socket): InFlight | undefined {
    return this.#held.get(endOf(socket))?.inFlight;
  }

  #add(socket: Socket): void {
    const remote = socket.remoteAddress ?? '';
    const address = addressGroup(remote);
    const held: Held = { socket, end: endOf(socket), address, known: false, inFlight: undefined };
    const ofAddress = this.#byAddress.get(address) ?? new Set();
    const { connections, connectionsPerAddress } = this.#limits;
    // All callers come from a proxy's address: there the proxy limits.
    const perAddress = isListed(this.#proxies, remote) ? connections : connectionsPerAddress;
    if (ofAddress.size >= perAddress && !this.#free(ofAddress)) {
      socket.destroy();
      return;
    }
    if (this.#held.size >= connections && !this.#free(this.#held.values())) {
      socket.destroy();
      return;
    }
    this.#held.set(held.end, held);
    this.#byAddress.set(address, this.#byAddress.get(address) ?? ofAddress);
    ofAddress.add(held);
    socket.once('close', () => this.#remove(held));
  }

  #remove(held: Held): void {
    if (this.#held.get(held.end) === held) this.#held.delete(held.end);
    const ofAddress = this.#byAddress.get(held.address);
    ofAddress?.delete(held);
    if (ofAddress?.size === 0) this.#byAddress.delete(held.address);
  }

  /** Ends the oldest that showed no valid key, or the oldest idle one. */
  #free(among: Iterable<Held>): boolean {
    const all = [...among];
    const ended = all.find(({ known }) => !known) ?? all.find(({ inFlight }) => inFlight === undefined);
    if (ended === undefined) return false;
    this.#remove(ended);
    ended.socket.destroy();
    return true;
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const held = this.#held.get(endOf(request.socket));
    if (held === undefined) return;
    const inFlight = { request, response };
    held.inFlight = inFlight;
    response.once('close', () => {
      if (held.inFlight === inFlight) held.inFlight = undefined;
    });
  }
}
