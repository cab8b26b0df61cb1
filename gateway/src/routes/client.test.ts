// The client of JavaScript against this gateway: what it is written from is what answers.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Client, type ProblemError, ROUTES } from '@consilium/client';
import { REGISTER_MEMBER } from '../http/examples.ts';
import { openGateway } from '../testing/gateway-fixture.ts';

test('the client registers, lists, reads and follows, and names refusals', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`;
  const as = (role: 'operator' | 'auditor') => new Client({ url, key: gateway.keys[role] });
  const request = { body: REGISTER_MEMBER, idempotencyKey: 'join' };
  const member = await as('operator').call('registerMember', request);
  const again = await as('operator').call('registerMember', request);
  assert.deepEqual([member.title, again.transactionId], [REGISTER_MEMBER.title, member.transactionId]);
  const listed = [];
  for await (const { mspId } of as('auditor').items('listMembers', {})) listed.push(mspId);
  assert.deepEqual(listed, [gateway.ledger.mspId]);
  assert.equal(
    (await as('auditor').call('getMember', { path: { mspId: member.mspId } })).title,
    member.title,
  );
  const refused = as('auditor').call('registerMember', request);
  await assert.rejects(refused, (error: ProblemError) => error.code === 'ROLE_REQUIRED');
  const unknown = new Client({ url, key: 'consilium_wrong' }).call('listMembers');
  await assert.rejects(
    unknown,
    (error: ProblemError) => error.status === 401 && error.problem.requestId !== '',
  );
  const leaving = new AbortController();
  for await (const { name, data } of as('auditor').events({ block: 0, signal: leaving.signal })) {
    assert.deepEqual([name, data.mspId], ['MemberRegistered', member.mspId]);
    break;
  }
  leaving.abort();
});

test('every route of the client is one of this gateway', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  const { paths } = (await gateway.app.inject('/documentation/json')).json();
  const served = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const known = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(known.toSorted(), served.toSorted());
});
