// The peers of one organisation, of which one serves: the second takes over where the first goes away, and goes on when
// the first is back, which may be blocks behind. What was sent to one is asked of the other by whoever sent it.
import { Client, connectivityState as ConnectivityState, credentials, type Interceptor } from '@grpc/grpc-js';
import type { GrpcClient } from '@hyperledger/fabric-gateway';
import type { Connection } from './connection-file.ts';
import { SERVING_PEERS, type ServingPeer } from './ledger.ts';
import { CHANNEL_OPTIONS } from './peer-connection.ts';
import { isUnavailable } from './sdk-errors.ts';

const TAKE_OVER_MS = 3_000;

/** What is used of gRPC's client. */
export type PeerClient = Pick<
  Client,
  | 'makeUnaryRequest'
  | 'makeServerStreamRequest'
  | 'makeBidiStreamRequest'
  | 'waitForReady'
  | 'getChannel'
  | 'close'
>;

export interface OwnPeersOptions {
  readonly onMove: (serving: ServingPeer) => void;
  readonly interceptors?: Interceptor[];
}

export class OwnPeers {
  readonly #clients: readonly PeerClient[];
  readonly #onMove: OwnPeersOptions['onMove'];
  #serving = 0;
  /** Whether the one that serves ever answered. Until then only a failure to connect sends anybody to the other. */
  #answered = false;

  /** Connects when it is first used. */
  static of({ organisation }: Connection, { interceptors = [], onMove }: OwnPeersOptions): OwnPeers {
    const { endpoint, secondEndpoint, tlsRootCertificate } = organisation;
    const tls = credentials.createSsl(Buffer.from(tlsRootCertificate));
    const endpoints = [endpoint, ...(secondEndpoint === undefined ? [] : [secondEndpoint])];
    const clients = endpoints.map((one) => new Client(one, tls, { ...CHANNEL_OPTIONS, interceptors }));
    return new OwnPeers(clients, { onMove });
  }

  /** @param clients of one peer or two */
  constructor(clients: readonly PeerClient[], { onMove }: Pick<OwnPeersOptions, 'onMove'>) {
    this.#clients = clients;
    this.#onMove = onMove;
  }

  /** Which of two serves; undefined where there is one. */
  get serving(): ServingPeer | undefined {
    return this.#clients.length === 1 ? undefined : SERVING_PEERS[this.#serving];
  }

  /** For the SDK: each call goes to the one that serves when it begins. */
  get client(): GrpcClient {
    const [only] = this.#clients;
    if (this.#clients.length === 1) return only as Client;
    const choose = () => this.#choose();
    return {
      get makeUnaryRequest() {
        const client = choose();
        return client.makeUnaryRequest.bind(client);
      },
      get makeServerStreamRequest() {
        const client = choose();
        return client.makeServerStreamRequest.bind(client);
      },
      get makeBidiStreamRequest() {
        const client = choose();
        return client.makeBidiStreamRequest.bind(client);
      },
    } as unknown as GrpcClient;
  }

  /**
   * Whether what failed may be asked of the other peer now: the one that served is gone, and the other is there. It may
   * be about to be connected, and has a moment for that.
   */
  async hasMoved(error: unknown, served: ServingPeer | undefined): Promise<boolean> {
    if (served === undefined || !isUnavailable(error)) return false;
    // When a connection ends, its calls fail first; its state changes after that.
    await new Promise(setImmediate);
    this.#choose();
    if (this.serving !== served) return true;
    if (this.#stateOf(this.#serving) === ConnectivityState.READY) return false;
    await ready(this.#clients[1 - this.#serving]!, Date.now() + TAKE_OVER_MS).catch(() => undefined);
    this.#choose();
    return this.serving !== served;
  }

  /**
   * What changes nothing is asked once more where the peer that was asked goes away.
   *
   * @throws what `ask` throws
   */
  async ask<T>(ask: () => Promise<T>): Promise<T> {
    const served = this.serving;
    try {
      return await ask();
    } catch (error) {
      if (!(await this.hasMoved(error, served))) throw error;
      return ask();
    }
  }

  /** Has the other one serve from now on, where there is one and it is there; whether it does. */
  turn(): boolean {
    if (this.#stateOf(1 - this.#serving) !== ConnectivityState.READY) return false;
    this.#move();
    return true;
  }

  /** Resolves when one of them answers. @throws where none does in this time */
  async connected(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    await Promise.any(this.#clients.map((client) => ready(client, deadline)));
    this.#choose();
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #choose(): PeerClient {
    const [own, other] = [this.#stateOf(this.#serving), this.#stateOf(1 - this.#serving)];
    if (own === ConnectivityState.READY) this.#answered = true;
    const isGone =
      own === ConnectivityState.TRANSIENT_FAILURE || (this.#answered && own !== ConnectivityState.READY);
    if (isGone && other === ConnectivityState.READY) this.#move();
    return this.#clients[this.#serving]!;
  }

  #move(): void {
    this.#serving = 1 - this.#serving;
    this.#answered = true;
    this.#onMove(SERVING_PEERS[this.#serving]!);
  }

  /** Of a connection that is made again where it was lost. */
  #stateOf(at: number): ConnectivityState | undefined {
    return this.#clients[at]?.getChannel().getConnectivityState(true);
  }
}

const ready = (client: PeerClient, deadline: number): Promise<void> =>
  new Promise((resolve, reject) => {
    client.waitForReady(deadline, (error) => (error ? reject(error) : resolve()));
  });
