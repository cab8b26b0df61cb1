import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Limits } from '../config.ts';
import { openGateway } from '../testing/gateway-fixture.ts';
import { openRaw, type RawConnection, statusesOf } from '../testing/raw-connection.ts';
import { addressGroup, isListed, proxyList } from './connection-limits.ts';

async function listen(t: TestContext, limits: Partial<Limits>, proxies: readonly string[] = []) {
  const gateway = await openGateway({ limits, proxies });
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = gateway.app.server.address() as AddressInfo;
  const opened: RawConnection[] = [];
  t.after(async () => {
    for (const { socket } of opened) socket.destroy();
    await gateway.close();
  });
  const open = async (): Promise<RawConnection> => {
    const accepted = new Promise((resolve) => gateway.app.server.once('connection', resolve));
    const connection = await openRaw(port);
    opened.push(connection);
    await accepted;
    return connection;
  };
  const ask = async (connection: RawConnection, key: string): Promise<number | undefined> => {
    connection.write(`GET /v1/members HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\n\r\n`);
    return statusesOf(await connection.until(/\r\n\r\n.*\}$/s)).at(-1);
  };
  return { gateway, open, ask };
}

test('a silent connection gives its place to a new one, the oldest first', async (t) => {
  const { gateway, open, ask } = await listen(t, { connectionsPerAddress: 3 });
  const silent = [await open(), await open(), await open()];
  const known = await open();
  await silent[0]!.ended();
  assert.equal(await ask(known, gateway.keys.auditor), 200);
  for (let more = 0; more < 5; more += 1) await open();
  await Promise.all(silent.map((connection) => connection.ended()));
  assert.equal(await ask(known, gateway.keys.auditor), 200, 'whoever showed a key stays');
});

test('connections with wrong keys, or half a request, make room for one with a key', async (t) => {
  const { gateway, open, ask } = await listen(t, { connectionsPerAddress: 2 });
  const wrong = await open();
  assert.equal(await ask(wrong, 'consilium_wrong'), 401);
  const half = await open();
  half.write('GET /v1/members HTTP/1.1\r\nhost: a\r\nx-slow: ');
  const known = await open();
  await wrong.ended();
  assert.equal(await ask(known, gateway.keys.auditor), 200);
});

test('where every connection has a key and a stream, a new one is refused, and none is ended', async (t) => {
  const { gateway, open } = await listen(t, { connectionsPerAddress: 2 });
  const streams = [await open(), await open()];
  for (const stream of streams) {
    stream.write(
      `GET /v1/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${gateway.keys.trainer}\r\n\r\n`,
    );
    await stream.until(/retry: 2000/);
  }
  const third = await open();
  assert.equal(await third.ended(), '');
  assert.ok(streams.every(({ socket }) => !socket.destroyed));
});

test('the limit of all connections holds beside that of an address, and a proxy has only the former', async (t) => {
  const { gateway, open, ask } = await listen(t, { connections: 4, connectionsPerAddress: 1 }, [
    '127.0.0.0/8',
  ]);
  const first = [await open(), await open(), await open(), await open()];
  const fifth = await open();
  await first[0]!.ended();
  assert.equal(await ask(fifth, gateway.keys.auditor), 200);
  assert.ok(first.slice(1).every(({ socket }) => !socket.destroyed));
});

test('addresses are counted as one subscriber has them', () => {
  assert.equal(addressGroup('192.0.2.7'), '192.0.2.7');
  assert.equal(addressGroup('::ffff:192.0.2.7'), '192.0.2.7');
  for (const address of ['2001:db8:1:2::1', '2001:0db8:1:2:ffff::9', '2001:db8:1:2:a:b:c:d']) {
    assert.equal(addressGroup(address), '2001:db8:1:2::/64');
  }
  assert.notEqual(addressGroup('2001:db8:1:3::1'), '2001:db8:1:2::/64');
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(addressGroup('::1'), '0:0:0:0::/64');
  assert.equal(addressGroup(''), '');
});

test('proxies are listed by address or network, and what is neither is named', () => {
  const list = proxyList(['10.1.0.0/16', '2001:db8::/32', '192.0.2.1']);
  assert.deepEqual(
    ['10.1.2.3', '10.2.0.1', '2001:db8::5', '192.0.2.1', ''].map((address) => isListed(list, address)),
    [true, false, true, true, false],
  );
  assert.throws(() => proxyList(['10.0.0.0/99']), /"10.0.0.0\/99" is neither/);
  assert.throws(() => proxyList(['proxy.example']), /"proxy.example" is neither/);
});
