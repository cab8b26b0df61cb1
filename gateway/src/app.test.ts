import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { REGISTER_MEMBER } from './http/examples.ts';
import { openGateway } from './testing/gateway-fixture.ts';

test('closing lets a request in flight finish, then ends its connection and the ledger', async () => {
  const gateway = await openGateway();
  await gateway.app.listen({ port: 0 });
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const submit = gateway.ledger.submit.bind(gateway.ledger);
  gateway.ledger.submit = async (call, beforeSending) => {
    begun.resolve();
    await released.promise;
    order.push('submitted');
    return submit(call, beforeSending);
  };
  gateway.ledger.close = async () => {
    order.push('ledger closed');
  };
  const { port } = gateway.app.server.address() as AddressInfo;
  const asked = fetch(`http://127.0.0.1:${port}/v1/members`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.keys.operator}`, 'content-type': 'application/json' },
    body: JSON.stringify(REGISTER_MEMBER),
  });
  await begun.promise;
  const closed = gateway.close();
  while (gateway.app.server.listening) await new Promise((resolve) => setImmediate(resolve));
  released.resolve();
  const answer = await asked;
  assert.deepEqual([answer.status, answer.headers.get('connection')], [201, 'close']);
  await answer.text();
  await closed;
  assert.deepEqual(order, ['submitted', 'ledger closed']);
});

test('closing does not wait for a connection on which nothing was asked', { timeout: 30_000 }, async (t) => {
  const gateway = await openGateway();
  await gateway.app.listen({ port: 0 });
  const accepted = new Promise((resolve) => gateway.app.server.once('connection', resolve));
  const silent = connect((gateway.app.server.address() as AddressInfo).port, '127.0.0.1');
  const ended = new Promise((resolve) => silent.once('close', resolve));
  silent.resume();
  t.after(() => silent.destroy());
  await accepted;
  await gateway.close();
  await ended;
});
