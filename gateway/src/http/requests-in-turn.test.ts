import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '@consilium/domain';
import type { LedgerCall } from '../fabric/ledger.ts';
import { type FixtureOptions, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { openRaw, statusesOf } from '../testing/raw-connection.ts';
import { createApiKey } from './key-file.ts';

/** A peer that answers one role only when it is let to, one call after the other. */
class HeldLedger extends MemoryLedger {
  readonly #held: (() => void)[] = [];
  readonly #looks = new Set<() => void>();
  readonly role: Role = 'auditor';
  asked = 0;
  atOnce = 0;
  most = 0;

  override async evaluate(call: LedgerCall): Promise<unknown> {
    if (call.role !== this.role) return super.evaluate(call);
    this.asked += 1;
    this.atOnce += 1;
    this.most = Math.max(this.most, this.atOnce);
    await new Promise<void>((resolve) => {
      this.#held.push(resolve);
      for (const look of [...this.#looks]) look();
    });
    this.atOnce -= 1;
    return super.evaluate(call);
  }

  /** Resolves when so many calls wait here. */
  async holds(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#held.length >= count) resolve();
    };
    this.#looks.add(look);
    look();
    await promise;
    this.#looks.delete(look);
  }

  answerOne(): void {
    this.#held.shift()?.();
  }
}

async function open(t: TestContext, options: Omit<FixtureOptions<HeldLedger>, 'ledger'> = {}) {
  const ledger = new HeldLedger();
  const gateway = await openGateway({ ...options, ledger });
  t.after(() => gateway.close());
  return { gateway, ledger };
}
const MEMBERS = { url: '/v1/members' } as const;
/** For auditors, so that it is answered without a turn. */
const FORBIDDEN = '/v1/local/datasets/x/held-out';

test('of hundreds of requests of one key so many are worked on, the others wait, and other keys do not', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 4 } });
  const count = 300;
  const flood = Promise.all(Array.from({ length: count }, () => gateway.as('auditor', MEMBERS)));
  await ledger.holds(4);
  assert.equal((await gateway.as('steward', MEMBERS)).statusCode, 200);
  assert.equal((await gateway.as('trainer', MEMBERS)).statusCode, 200);
  assert.equal(ledger.asked, 4);
  for (let answered = 0; answered < count; answered += 1) {
    await ledger.holds(1);
    ledger.answerOne();
  }
  const statuses = (await flood).map(({ statusCode }) => statusCode);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.deepEqual([ledger.asked, ledger.most], [count, 4]);
});

test('requests that follow each other on one connection wait for their turns as well', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 2 } });
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = gateway.app.server.address() as AddressInfo;
  const { write, ended } = await openRaw(port);
  const head = `GET /v1/members HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.auditor}\r\n`;
  const count = 30;
  write(`${`${head}\r\n`.repeat(count - 1)}${head}connection: close\r\n\r\n`);
  for (let answered = 0; answered < count; answered += 1) {
    await ledger.holds(1);
    ledger.answerOne();
  }
  assert.deepEqual(statusesOf(await ended()), Array(count).fill(200));
  assert.equal(ledger.most, 2);
});

test('keys of one person are one caller', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 1 } });
  const path = join(gateway.directory, 'api-keys.json');
  const [first, second] = ['one', 'two'].map((id) =>
    createApiKey({ path, role: 'auditor', id, person: 'ann' }),
  );
  const ask = (key: string) =>
    gateway.app.inject({ ...MEMBERS, headers: { authorization: `Bearer ${key}` } });
  const isUnknown = async ({ key }: { key: string }) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await gateway.app.inject({ url: FORBIDDEN, headers })).statusCode === 401;
  };
  // A new key is taken within a second.
  while (await isUnknown(second!)) await sleep(100);
  const both = Promise.all([ask(first!.key), ask(second!.key)]);
  for (const _ of [1, 2]) {
    await ledger.holds(1);
    ledger.answerOne();
  }
  assert.deepEqual(
    (await both).map(({ statusCode }) => statusCode),
    [200, 200],
  );
  assert.equal(ledger.most, 1);
});

test('a request that waits for its turn is forgotten when its client goes away', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 1 } });
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = gateway.app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  gateway.app.server.on('connection', (socket: Socket) => sockets.push(socket));
  const begun: Promise<unknown>[] = [];
  const ask = (signal?: AbortSignal) => {
    begun.push(once(gateway.app.server, 'request'));
    return fetch(`http://127.0.0.1:${port}/v1/members`, {
      headers: { authorization: `Bearer ${gateway.keys.auditor}`, connection: 'close' },
      ...(signal && { signal }),
    });
  };
  const first = ask();
  await ledger.holds(1);
  const leaving = new AbortController();
  const left = ask(leaving.signal);
  await begun.at(-1);
  const gone = once(sockets.at(-1)!, 'close');
  leaving.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await gone;
  const third = ask();
  await begun.at(-1);
  ledger.answerOne();
  assert.equal((await first).status, 200);
  await ledger.holds(1);
  ledger.answerOne();
  assert.equal((await third).status, 200);
  assert.equal(ledger.asked, 2);
});

test('a key that ends while its request waits is refused, and the next one has its turn', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 1 } });
  const path = join(gateway.directory, 'api-keys.json');
  const first = gateway.as('auditor', MEMBERS);
  await ledger.holds(1);
  const second = gateway.as('auditor', MEMBERS);
  const file = JSON.parse(readFileSync(path, 'utf8'));
  file.keys = file.keys.filter((entry: { role: string }) => entry.role !== 'auditor');
  writeFileSync(path, JSON.stringify(file));
  while ((await gateway.as('auditor', { url: FORBIDDEN })).statusCode === 403) await sleep(100);
  ledger.answerOne();
  assert.equal((await first).statusCode, 200);
  assert.equal((await second).statusCode, 401);
  assert.equal((await gateway.as('steward', MEMBERS)).statusCode, 200);
});

test('more than a thousand that wait are refused, and when to come back is said', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 1 } });
  const flood = Array.from({ length: 1_001 }, () => gateway.as('auditor', MEMBERS));
  await ledger.holds(1);
  const refused = await gateway.as('auditor', MEMBERS);
  assert.deepEqual([refused.statusCode, refused.json().code], [429, 'RATE_LIMITED']);
  assert.equal(refused.headers['retry-after'], '1');
  for (const _ of flood) {
    await ledger.holds(1);
    ledger.answerOne();
  }
  await Promise.all(flood);
});

test('event streams take no turns, and need none', async (t) => {
  const { gateway, ledger } = await open(t, { limits: { requestsAtOncePerKey: 1 } });
  const url = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${gateway.keys.auditor}` };
  const stream = () => fetch(`${url}/v1/events?from=0`, { headers, signal: leaving.signal });
  assert.equal((await stream()).status, 200);
  const asked = gateway.as('auditor', MEMBERS);
  await ledger.holds(1);
  assert.equal((await stream()).status, 200);
  ledger.answerOne();
  assert.equal((await asked).statusCode, 200);
  leaving.abort();
});
