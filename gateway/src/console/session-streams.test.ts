import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Role } from '@consilium/domain';
import { readApiKeyFile, revokeApiKey } from '../http/key-file.ts';
import { type FixtureOptions, openGateway } from '../testing/gateway-fixture.ts';

const PAGE = { 'sec-fetch-site': 'same-origin', 'x-consilium-console': '1' };

async function listen(t: TestContext, options: FixtureOptions) {
  const gateway = await openGateway({ console: { directory: '/nowhere' }, ...options });
  t.after(() => gateway.close());
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const address = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`;
  const signIn = async (role: Role) => {
    const answer = await fetch(`${address}/console/session`, {
      method: 'POST',
      headers: { ...PAGE, 'content-type': 'application/json' },
      body: JSON.stringify({ apiKey: gateway.keys[role] }),
    });
    return answer.headers.get('set-cookie')!.split(';')[0]!;
  };
  const open = (headers: Record<string, string>) =>
    fetch(`${address}/v1/events`, { headers: { ...PAGE, ...headers } });
  return { gateway, address, signIn, open };
}

const end = async (answer: Response) => {
  await answer.body?.cancel();
};

test('a stream of the console ends at once when it is signed out, without a sign of life between', async (t) => {
  const { address, signIn, open } = await listen(t, { limits: { heartbeatMs: 2 ** 28 } });
  const cookie = await signIn('auditor');
  const other = await signIn('steward');
  const [stream, others] = await Promise.all([open({ cookie }), open({ cookie: other })]);
  assert.deepEqual([stream.status, others.status], [200, 200]);
  await fetch(`${address}/console/session`, { method: 'DELETE', headers: { ...PAGE, cookie } });
  assert.match(await stream.text(), /^: events of the ledger/);
  assert.equal((await open({ cookie })).status, 401);
  await end(others);
});

test('a stream of the console ends when the key of its session is revoked', async (t) => {
  const { gateway, signIn, open } = await listen(t, { limits: { heartbeatMs: 2 ** 28 } });
  const stream = await open({ cookie: await signIn('auditor') });
  const path = join(gateway.directory, 'api-keys.json');
  const { id } = readApiKeyFile(path).keys.find(({ role }) => role === 'auditor')!;
  revokeApiKey({ path, id });
  assert.match(await stream.text(), /^: events of the ledger/);
});

for (const [what, change] of [
  ['is limited to other scopes', { scopes: ['read'] }],
  ['is of another person', { person: 'ben' }],
] as const) {
  test(`a stream of the console ends when the key of its session ${what}`, async (t) => {
    const { gateway, signIn, open } = await listen(t, { limits: { heartbeatMs: 50 } });
    const stream = await open({ cookie: await signIn('auditor') });
    assert.equal(stream.status, 200);
    const path = join(gateway.directory, 'api-keys.json');
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: { role: string }[] };
    const changed = keys.map((entry) => (entry.role === 'auditor' ? { ...entry, ...change } : entry));
    writeFileSync(path, JSON.stringify({ keys: changed }));
    assert.match(await stream.text(), /^: events of the ledger/);
  });
}

test("windows of a browser take no stream that is kept for the trainer's program, nor those of its key", async (t) => {
  const { gateway, signIn, open } = await listen(t, {
    limits: { eventStreams: 4, trainerEventStreams: 2, eventStreamsPerKey: 2 },
  });
  const cookie = await signIn('trainer');
  const windows = [await open({ cookie }), await open({ cookie }), await open({ cookie })];
  assert.deepEqual(
    windows.map(({ status }) => status),
    [200, 200, 503],
  );
  const authorization = `Bearer ${gateway.keys.trainer}`;
  const programs = [await open({ authorization }), await open({ authorization })];
  assert.deepEqual(
    programs.map(({ status }) => status),
    [200, 200],
  );
  await Promise.all([...windows, ...programs].map(end));
});
