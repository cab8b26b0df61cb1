// The one thing that other hospitals reach at a gateway: its statements, to who proves in TLS to be of one of them.
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { writeStatement } from '@consilium/verify';
import { GATEWAY_ERRORS, GatewayRefusal } from '../gateway-errors.ts';
import { Connections } from '../http/connection-limits.ts';
import type { TlsListener } from '../http/tls-listener.ts';
import type { OwnStatements } from './own-statements.ts';
import { isRevoked } from './revoked-neighbour.ts';
import type { WitnessSettings } from './witness-file.ts';

export const STATEMENT_PATH = '/witness-statement';

/** Finding where two histories part takes a statement for each halving, and nobody needs more often than that. */
const REQUESTS_PER_MINUTE = 120;
/**
 * Who has proved nothing yet has so many places together, and the newest of them pushes out the oldest. Those of
 * hospitals are beside them: no stranger takes one.
 */
const UNPROVEN_MAX = 64;
const OF_HOSPITAL_MAX = 8;
const OF_ADDRESS_MAX = 16;
const HANDSHAKE_MS = 10_000;
const REQUEST_MS = 10_000;
/** How often it is looked whether a request takes longer than that. */
const CHECKING_MS = 1_000;

export interface WitnessListenerOptions extends Pick<WitnessSettings, 'listen'> {
  /** Of the certificate that is served; closed with the listener. */
  readonly tls: TlsListener;
  readonly neighbours: readonly Pick<
    WitnessSettings['neighbours'][number],
    'mspId' | 'tlsRootCertificate' | 'revocationLists'
  >[];
  readonly own: Pick<OwnStatements, 'on'>;
  readonly log: (level: 'info' | 'warn', text: string) => void;
  /** How often one hospital is answered within a minute. */
  readonly requestsPerMinute?: number;
  /** How long a request may take to come. */
  readonly requestMs?: number;
  readonly now?: () => number;
}

export interface WitnessListener {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws what Node says where the port cannot be listened on */
export async function listenForWitnesses(options: WitnessListenerOptions): Promise<WitnessListener> {
  const { listen, tls, neighbours, own, log, requestMs = REQUEST_MS } = options;
  const roots = neighbours.map(({ mspId, tlsRootCertificate, revocationLists: lists }) => ({
    ...{ mspId, lists, root: new X509Certificate(tlsRootCertificate) },
  }));
  const rate = new RateOfHospitals(options.requestsPerMinute ?? REQUESTS_PER_MINUTE, options.now ?? Date.now);
  const turns = new TurnsOfHospitals();
  const ca = roots.map(({ root }) => root.toString());
  const server = createServer({
    ...tls.options(HANDSHAKE_MS),
    ...{ ca, minVersion: 'TLSv1.3' as const, requestCert: true, rejectUnauthorized: true },
    ...{ headersTimeout: requestMs, requestTimeout: requestMs, maxHeaderSize: 4_096 },
    connectionsCheckingInterval: Math.min(CHECKING_MS, requestMs),
  });
  // Renewed files say nothing of whose authorities are asked for.
  tls.watch({
    setSecureContext: (renewed) => server.setSecureContext({ ...renewed, ca, minVersion: 'TLSv1.3' }),
  });
  const connections = new Connections({
    connections: UNPROVEN_MAX + neighbours.length * OF_HOSPITAL_MAX,
    connectionsPerAddress: OF_ADDRESS_MAX,
  });
  connections.watchServer(server);
  const places = new PlacesOfHospitals();
  server.on('secureConnection', (socket) => {
    const mspId = hospitalOf(socket, roots);
    if (mspId !== undefined && places.take(mspId, socket)) connections.know({ socket });
    else socket.destroy();
  });
  server.on('request', (request, response) => {
    const mspId = hospitalOf(request.socket as TLSSocket, roots);
    const ownInTurn = { on: (block?: number) => turns.take(mspId ?? '', () => own.on(block)) };
    answer(request, ownInTurn, () => mspId !== undefined && rate.allows(mspId)).then(
      (answered) => send(response, answered),
      (error: unknown) => {
        log('warn', `a statement cannot be made for ${mspId}: ${(error as Error).message}`);
        send(response, { status: statusOf(error), body: '' });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => resolve());
  });
  server.on('error', (error) => log('warn', `the listener for witnesses: ${error.message}`));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        tls.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answered {
  readonly status: number;
  readonly body: Uint8Array | string;
}

async function answer(
  { method, url = '/' }: IncomingMessage,
  own: Pick<OwnStatements, 'on'>,
  isAllowed: () => boolean,
): Promise<Answered> {
  const [path, query] = url.split('?', 2);
  const block = query === undefined ? undefined : /^block=(\d{1,15})$/.exec(query)?.[1];
  if (path !== STATEMENT_PATH || (query !== undefined && block === undefined))
    return { status: 404, body: '' };
  if (method !== 'GET') return { status: 405, body: '' };
  if (!isAllowed()) return { status: 429, body: '' };
  const statement = await own.on(block === undefined ? undefined : Number(block));
  return { status: 200, body: writeStatement(statement) };
}

function send(response: ServerResponse, { status, body }: Answered): void {
  const headers = { 'content-type': 'application/json', connection: 'close', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(body);
}

const statusOf = (error: unknown): number =>
  error instanceof GatewayRefusal ? GATEWAY_ERRORS[error.code].status : 503;

/** Whose authority is at the end of the certificate's chain; undefined where it is nobody's of the configuration. */
function hospitalOf(
  socket: TLSSocket,
  roots: readonly {
    readonly mspId: string;
    readonly root: X509Certificate;
    readonly lists: string | undefined;
  }[],
): string | undefined {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < 5) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  const isUnder = (root: X509Certificate) => (one: X509Certificate) =>
    one.checkIssued(root) && one.verify(root.publicKey);
  return roots.find(
    ({ root, lists }) =>
      chain.some(isUnder(root)) && !chain.some((one) => isUnder(root)(one) && isRevoked(lists, one, root)),
  )?.mspId;
}

/** Connections of hospitals that have proved who they are. */
class PlacesOfHospitals {
  readonly #open = new Map<string, number>();

  /** False where one has all of its places already. */
  take(mspId: string, socket: TLSSocket): boolean {
    const open = this.#open.get(mspId) ?? 0;
    if (open >= OF_HOSPITAL_MAX) return false;
    this.#open.set(mspId, open + 1);
    socket.once('close', () => this.#open.set(mspId, this.#open.get(mspId)! - 1));
    return true;
  }
}

/** A statement is made of a whole block: of one hospital's requests one at a time is worked on. */
class TurnsOfHospitals {
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(mspId: string, make: () => Promise<T>): Promise<T> {
    const before = this.#last.get(mspId) ?? Promise.resolve();
    const made = before.catch(() => {}).then(make);
    this.#last.set(mspId, made);
    return made;
  }
}

/** How often each hospital asked within the present minute. */
class RateOfHospitals {
  readonly #most: number;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #untilMs = 0;

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  allows(mspId: string): boolean {
    if (this.#now() >= this.#untilMs) {
      this.#counts.clear();
      this.#untilMs = this.#now() + 60_000;
    }
    const count = (this.#counts.get(mspId) ?? 0) + 1;
    this.#counts.set(mspId, count);
    return count <= this.#most;
  }
}
