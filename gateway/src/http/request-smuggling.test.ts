// What a holder of any API key may try in order to speak to the trainer as someone else.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openGateway } from '../testing/gateway-fixture.ts';
import { openRaw } from '../testing/raw-connection.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly connection: number;
}

/** A gateway that listens, and a trainer that answers everything and remembers what it was asked. */
async function open(t: TestContext) {
  const seen: Seen[] = [];
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  const server = createServer((request, response) => {
    request.resume();
    const { method = '', url = '', headers, socket } = request;
    seen.push({ method, url, headers, connection: numbers.get(socket) ?? 0 });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ asked: url }));
  });
  server.on('connection', (socket) => {
    connections += 1;
    numbers.set(socket, connections);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const trainer = { url: new URL(`http://127.0.0.1:${port}`), key: 'a-key-of-at-least-32-characters!' };
  const gateway = await openGateway({ trainer });
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(async () => {
    await gateway.close();
    server.close();
    server.closeAllConnections();
  });
  return { gateway, seen, port: (gateway.app.server.address() as AddressInfo).port };
}

const head = (target: string, ...lines: readonly string[]) =>
  [`GET ${target} HTTP/1.1`, 'host: a', ...lines, '', ''].join('\r\n');

test("an auditor's headers do not become a steward's request at the trainer", async (t) => {
  const { gateway, seen, port } = await open(t);
  const authorization = `authorization: Bearer ${gateway.keys.auditor}`;
  // The declared length swallows as much of the next request's head as comes before the smuggled line.
  for (const bytes of Array.from({ length: 60 }, (_, index) => index + 20)) {
    const first = await openRaw(port);
    first.write(head('/v1/local/jobs', authorization, `content-length: ${bytes}`) + 'x'.repeat(bytes));
    await first.until(/HTTP\/1\.1 \d{3}[\s\S]*\r\n\r\n/);
    first.socket.destroy();
    const second = await openRaw(port);
    const accept = 'accept: GET /local/datasets/cleveland/held-out HTTP/1.1';
    second.write(head('/v1/local/jobs', authorization, accept, 'connection: close'));
    await second.ended();
  }
  assert.ok(seen.length >= 60);
  assert.deepEqual(
    seen.filter(({ url }) => url !== '/local/jobs'),
    [],
  );
});
