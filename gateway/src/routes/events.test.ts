import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LedgerEvent } from '../fabric/ledger.ts';
import { type FixtureOptions, type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

async function listen(t: TestContext, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const gateway = await openGateway(options);
  await gateway.app.listen({ port: 0 });
  t.after(() => gateway.close());
  return gateway;
}

/** Opens the stream over a real socket. */
async function open(
  gateway: GatewayFixture,
  query = '',
  headers: Record<string, string> = {},
  role: 'auditor' | 'steward' | 'trainer' = 'auditor',
): Promise<IncomingMessage> {
  const { port } = gateway.app.server.address() as AddressInfo;
  const authorization = `Bearer ${gateway.keys[role]}`;
  const url = `http://127.0.0.1:${port}/v1/events${query}`;
  return new Promise((resolve, reject) => {
    get(url, { headers: { authorization, ...headers } }, resolve).on('error', reject);
  });
}

interface Received {
  id?: string;
  event?: string;
  data?: { studyId?: string; round?: number; blockNumber: number; transactionId: string };
}

/** Reads until `count` events came, skipping comments and the retry line. */
async function read(stream: IncomingMessage, count: number): Promise<Received[]> {
  const received: Received[] = [];
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const fields = Object.fromEntries(
        message.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (fields.event !== undefined) received.push({ ...fields, data: JSON.parse(fields.data ?? 'null') });
    }
    if (received.length >= count) break;
  }
  return received;
}

const event = (blockNumber: number, studyId: string, index = 0): LedgerEvent => ({
  blockNumber,
  transactionId: `${blockNumber}${index}`.padStart(64, '0'),
  name: 'RoundOpened',
  payload: { studyId, round: blockNumber },
});
const roundsOf = (received: readonly Received[]) => received.map(({ data }) => data?.round);

test('the stream starts with the next event and gives each its id, name and data', async (t) => {
  const gateway = await listen(t);
  gateway.ledger.emit(event(1, 'a'));
  const stream = await open(gateway);
  assert.equal(stream.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.equal(stream.headers['cache-control'], 'no-store');
  gateway.ledger.emit(event(2, 'a'));
  const [first] = await read(stream, 1);
  stream.destroy();
  const { transactionId } = event(2, 'a');
  assert.deepEqual(first, {
    id: `2:${transactionId}`,
    event: 'RoundOpened',
    data: { studyId: 'a', round: 2, blockNumber: 2, transactionId },
  });
});

test('a stream that is refused leaves nothing on its connection, however often it is asked for there', async (t) => {
  const gateway = await listen(t);
  const sockets: Socket[] = [];
  gateway.app.server.on('connection', (socket: Socket) => sockets.push(socket));
  const { port } = gateway.app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const headers = { authorization: `Bearer ${gateway.keys.auditor}`, 'last-event-id': 'none' };
  const ask = async () => {
    const options = { port, host: '127.0.0.1', path: '/v1/events', headers, agent };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(options, resolve).on('error', reject);
    });
    assert.equal(answer.statusCode, 400);
    await answer.resume().toArray();
    return sockets[0]!.listenerCount('timeout');
  };
  const once = await ask();
  for (let times = 0; times < 5; times += 1) assert.equal(await ask(), once);
  assert.equal(sockets.length, 1);
});

test('from=0 replays everything, and studyId leaves out other studies', async (t) => {
  const gateway = await listen(t);
  for (const block of [1, 2, 3, 4]) gateway.ledger.emit(event(block, block % 2 === 0 ? 'even' : 'odd'));
  const all = await open(gateway, '?from=0');
  assert.deepEqual(roundsOf(await read(all, 4)), [1, 2, 3, 4]);
  all.destroy();
  const even = await open(gateway, '?from=0&studyId=even');
  assert.deepEqual(roundsOf(await read(even, 2)), [2, 4]);
  even.destroy();
});

test('a client that comes back with the last id misses none and gets none twice', async (t) => {
  const gateway = await listen(t);
  for (const index of [1, 2, 3]) gateway.ledger.emit(event(7, 'a', index));
  const first = await open(gateway, '?from=0');
  const [, second] = await read(first, 2);
  first.destroy();
  gateway.ledger.emit(event(8, 'a'));
  const resumed = await open(gateway, '?from=0', { 'last-event-id': second?.id ?? assert.fail() });
  const rest = await read(resumed, 2);
  resumed.destroy();
  assert.deepEqual(
    rest.map(({ data }) => data?.transactionId),
    [event(7, 'a', 3).transactionId, event(8, 'a').transactionId],
  );
});

test('an id that is not one of ours is refused', async (t) => {
  const gateway = await listen(t);
  for (const id of ['7', 'x:y', `7:${'g'.repeat(64)}`]) {
    const stream = await open(gateway, '', { 'last-event-id': id });
    assert.equal(stream.statusCode, 400, id);
    stream.resume();
  }
  for (const from of ['-1', '1e%2B300', '1e300', '2026-11-29', '9007199254740992', '0x1', '1.5', '', 'NaN']) {
    const refused = await open(gateway, `?from=${from}`);
    assert.equal(refused.statusCode, 400, from);
    const { code, detail } = JSON.parse((await refused.toArray()).join(''));
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.match(
      detail,
      /^query: from must be a whole number from 0 to 9007199254740991($|, and 2026-11-29 is a time: )/,
      from,
    );
  }
});

test('an idle stream is kept open by comments', async (t) => {
  const gateway = await listen(t, { limits: { heartbeatMs: 10 } });
  const stream = await open(gateway);
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (text.split(': heartbeat\n\n').length > 3) break;
  }
  assert.match(text, /: heartbeat\n\n/);
});

test('a client that leaves frees its stream, and one too many is refused', async (t) => {
  const gateway = await listen(t, { limits: { eventStreams: 1 } });
  const streams = async () =>
    /^consilium_event_streams (\d+)$/m.exec((await gateway.app.inject('/metrics')).body)?.[1];
  const first = await open(gateway);
  assert.equal(await streams(), '1');
  const second = await open(gateway);
  assert.equal(second.statusCode, 503);
  assert.ok(second.headers['retry-after']);
  second.resume();
  first.destroy();
  while ((await streams()) !== '0') await new Promise((resolve) => setImmediate(resolve));
  const third = await open(gateway);
  assert.equal(third.statusCode, 200);
  third.destroy();
});

test('a client that does not read holds the ledger back instead of filling memory', async (t) => {
  const gateway = await listen(t);
  let taken = 0;
  const events = gateway.ledger.events.bind(gateway.ledger);
  gateway.ledger.events = async function* (options) {
    for await (const one of events(options)) {
      taken += 1;
      yield { ...one, payload: { filler: 'x'.repeat(100_000) } };
    }
  };
  const count = 400;
  for (let block = 1; block <= count; block += 1) gateway.ledger.emit(event(block, 'a'));
  const stream = await open(gateway, '?from=0');
  stream.pause();
  let before = -1;
  while (before !== taken) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(taken < count, `${taken} events were read for a client that reads none`);
  assert.equal((await read(stream, count)).length, count);
  stream.destroy();
});

test('closing the gateway ends the streams', async () => {
  const gateway = await openGateway();
  await gateway.app.listen({ port: 0 });
  const stream = await open(gateway);
  const ended = new Promise((resolve) => stream.on('close', resolve).resume());
  await gateway.close();
  await ended;
});

test('one key has only so many streams, and others have theirs', async (t) => {
  const gateway = await listen(t, { limits: { eventStreamsPerKey: 2 } });
  const opened = [await open(gateway), await open(gateway)];
  const third = await open(gateway);
  assert.equal(third.statusCode, 503);
  const { code, detail } = JSON.parse((await third.toArray()).join(''));
  assert.equal(code, 'TOO_MANY_STREAMS');
  assert.match(detail, /This API key has 2 event streams open/);
  const other = await open(gateway, '', {}, 'steward');
  assert.equal(other.statusCode, 200);
  for (const stream of [...opened, other]) stream.destroy();
});

test("the trainer's own streams are left to it, however many others ask for", async (t) => {
  const gateway = await listen(t, { limits: { eventStreams: 4, trainerEventStreams: 2 } });
  const others = [await open(gateway), await open(gateway, '', {}, 'steward')];
  assert.deepEqual(
    others.map(({ statusCode }) => statusCode),
    [200, 200],
  );
  const refused = await open(gateway, '', {}, 'steward');
  assert.equal(refused.statusCode, 503);
  refused.resume();
  const trainers = [await open(gateway, '', {}, 'trainer'), await open(gateway, '', {}, 'trainer')];
  assert.deepEqual(
    trainers.map(({ statusCode }) => statusCode),
    [200, 200],
  );
  for (const stream of [...others, ...trainers]) stream.destroy();
});

test('a reader that takes nothing loses its place', { timeout: 60_000 }, async (t) => {
  const gateway = await listen(t, { limits: { eventStreams: 1, heartbeatMs: 50 } });
  for (let block = 2; block < 4000; block += 1) {
    gateway.ledger.emit({
      ...event(block, 'even'),
      payload: { studyId: 'even', filler: 'x'.repeat(10_000) },
    });
  }
  const stalled = await open(gateway, '?from=0');
  stalled.pause();
  const ended = new Promise((resolve) => stalled.once('close', resolve));
  stalled.on('error', () => {});
  for (;;) {
    const next = await open(gateway);
    next.resume();
    next.destroy();
    if (next.statusCode === 200) break;
  }
  stalled.resume();
  await ended;
});

test('a stream ends when its key is limited to something else', async (t) => {
  const gateway = await listen(t, { limits: { heartbeatMs: 500 } });
  const auditor = await open(gateway);
  const path = join(gateway.directory, 'api-keys.json');
  const file = JSON.parse(readFileSync(path, 'utf8'));
  for (const entry of file.keys) if (entry.role === 'auditor') entry.scopes = ['read'];
  writeFileSync(path, JSON.stringify(file));
  let text = '';
  for await (const chunk of auditor) text += chunk;
  assert.match(text, /^: events of the ledger/);
});

test('a stream ends when its key is revoked, and goes on while the key is in the file', async (t) => {
  const gateway = await listen(t, { limits: { heartbeatMs: 500 } });
  const [auditor, steward] = await Promise.all([open(gateway), open(gateway, '', {}, 'steward')]);
  const path = join(gateway.directory, 'api-keys.json');
  const file = JSON.parse(readFileSync(path, 'utf8'));
  file.keys = file.keys.filter((entry: { role: string }) => entry.role !== 'auditor');
  writeFileSync(path, JSON.stringify(file));
  let text = '';
  for await (const chunk of auditor) text += chunk;
  assert.match(text, /^: events of the ledger/);
  gateway.ledger.emit(event(9, 'heart'));
  assert.deepEqual(
    (await read(steward, 1)).map(({ data }) => data?.blockNumber),
    [9],
  );
  steward.destroy();
});
