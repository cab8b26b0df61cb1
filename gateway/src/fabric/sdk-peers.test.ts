import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Client,
  credentials,
  status as GrpcStatus,
  Server,
  ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { GatewayError, type GrpcClient } from '@hyperledger/fabric-gateway';
import type { ServingPeer } from './ledger.ts';
import { OwnPeers } from './sdk-peers.ts';

const METHOD = '/test.Peer/Name';
const toBytes = (text: string) => Buffer.from(text);
const toText = (bytes: Buffer) => bytes.toString('utf8');

/** A gRPC server that says its name; at a port of its own where none is given. */
class NamedPeer {
  readonly name: string;
  port = 0;
  asked = 0;
  #server: Server | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<void> {
    const server = new Server();
    server.addService(
      {
        name: {
          path: METHOD,
          requestStream: false,
          responseStream: false,
          requestSerialize: toBytes,
          requestDeserialize: toText,
          responseSerialize: toBytes,
          responseDeserialize: toText,
        },
      },
      {
        name: (_call: unknown, answer: (error: null, name: string) => void) => {
          this.asked += 1;
          answer(null, this.name);
        },
      },
    );
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    this.#server = server;
  }

  /** Its connections end at once, as those of a process that was killed. */
  kill(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }
}

const refusal = (code: number, cause: Error): GatewayError =>
  new GatewayError({ code, details: [], message: cause.message, cause: cause as ServiceError });

const ask = (client: GrpcClient): Promise<string> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(METHOD, toBytes, toText, 'who?', {}, (error, name) =>
      error ? reject(refusal(error.code, error)) : resolve(name!),
    );
  });

async function openPeers(t: { after(work: () => void): void }, started = ['first', 'second']) {
  const peers = { first: new NamedPeer('first'), second: new NamedPeer('second') };
  // Each takes a port, also the one that is not there yet.
  for (const peer of Object.values(peers)) await peer.start();
  for (const peer of Object.values(peers)) if (!started.includes(peer.name)) peer.kill();
  const moves: ServingPeer[] = [];
  const clients = Object.values(peers).map(
    ({ port }) =>
      new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 100,
      }),
  );
  const own = new OwnPeers(clients, { onMove: (serving) => moves.push(serving) });
  t.after(() => {
    own.close();
    for (const peer of Object.values(peers)) peer.kill();
  });
  /** Of both, whichever serves. */
  const bothReady = () =>
    Promise.all(
      clients.map(
        (client) =>
          new Promise<void>((resolve, reject) => {
            client.waitForReady(Date.now() + 60_000, (error) => (error ? reject(error) : resolve()));
          }),
      ),
    );
  return { own, peers, moves, bothReady };
}

test('the first peer serves while it is there, whichever of them answers sooner', async (t) => {
  const { own, moves } = await openPeers(t);
  await own.connected(60_000);
  for (let at = 0; at < 3; at += 1) assert.equal(await ask(own.client), 'first');
  assert.equal(own.serving, 'first');
  assert.deepEqual(moves, []);
});

test('the second serves once the first is gone, and goes on when the first is back, until it is gone itself', async (t) => {
  const { own, peers, moves, bothReady } = await openPeers(t);
  await bothReady();
  assert.equal(await ask(own.client), 'first');
  peers.first.kill();
  assert.equal(await own.ask(() => ask(own.client)), 'second');
  assert.equal(own.serving, 'second');
  await peers.first.start();
  await bothReady();
  assert.equal(await ask(own.client), 'second');
  peers.second.kill();
  assert.equal(await own.ask(() => ask(own.client)), 'first');
  assert.deepEqual(moves, ['second', 'first']);
});

test('the second serves from the start where the first is not there', async (t) => {
  const { own } = await openPeers(t, ['second']);
  await own.connected(60_000);
  for (;;) {
    const answer = await own.ask(() => ask(own.client)).catch((error: GatewayError) => error.code);
    if (answer === 'second') break;
    // Until its connection was refused, the first was the one to ask.
    assert.equal(answer, GrpcStatus.UNAVAILABLE);
  }
  assert.equal(own.serving, 'second');
});

test('with neither there, whoever asks is refused, and nobody is said to serve instead', async (t) => {
  const { own, moves } = await openPeers(t, []);
  await assert.rejects(own.connected(300));
  await assert.rejects(
    own.ask(() => ask(own.client)),
    { code: GrpcStatus.UNAVAILABLE },
  );
  assert.deepEqual(moves, []);
});

test('what failed for another reason, or at a peer that is still there, is asked once', async (t) => {
  const { own, bothReady } = await openPeers(t);
  await bothReady();
  await ask(own.client);
  for (const code of [GrpcStatus.ABORTED, GrpcStatus.UNAVAILABLE]) {
    let asked = 0;
    const error = refusal(code, new Error('no'));
    await assert.rejects(
      own.ask(() => {
        asked += 1;
        return Promise.reject(error);
      }),
      error,
    );
    assert.equal(asked, 1);
  }
});
