import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingMissing } from '../fabric/ledger.ts';
import { openGateway } from '../testing/gateway-fixture.ts';

test('a gateway is healthy without its ledger, and says what it misses until it is back', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const ready = async () => {
    t.mock.timers.tick(2_000);
    return gateway.app.inject('/readyz');
  };
  assert.deepEqual((await ready()).json(), {
    status: 'ready',
    checks: [{ name: 'peer' }, { name: 'chaincode' }, { name: 'endorsement' }, { name: 'commit' }],
  });
  gateway.ledger.missing = [{ name: 'peer', problem: 'the peer of Org1MSP does not answer' }];
  const without = await ready();
  assert.equal(without.statusCode, 503);
  assert.equal(without.json().status, 'not ready');
  assert.equal(without.json().checks[0].problem, 'the peer of Org1MSP does not answer');
  assert.ok(without.headers['retry-after']);
  assert.equal((await gateway.app.inject('/healthz')).statusCode, 200);
  gateway.ledger.missing = [];
  assert.equal((await ready()).statusCode, 200);
});

test('a connection file that does not fit makes a gateway unready, says nothing of its text, and is forgotten', async (t) => {
  const connection: { problem: string | undefined } = { problem: undefined };
  const gateway = await openGateway({ connection });
  t.after(() => gateway.close());
  const ready = () => gateway.app.inject('/readyz');
  const broken = async () =>
    /^consilium_connection_broken (\d)$/m.exec((await gateway.app.inject('/metrics')).body)?.[1];
  assert.equal((await ready()).statusCode, 200);
  assert.equal(await broken(), '0');
  connection.problem = 'the key of the client anna is not that of its certificate';
  const without = await ready();
  assert.equal(without.statusCode, 503);
  const last = without.json().checks.at(-1);
  assert.equal(last.name, 'connection');
  assert.match(last.problem, /does not fit, so that no change of it counts/);
  assert.doesNotMatch(without.body, /anna/);
  assert.equal(await broken(), '1');
  assert.equal((await gateway.app.inject('/healthz')).statusCode, 200);
  connection.problem = undefined;
  assert.equal((await ready()).statusCode, 200);
  assert.equal(await broken(), '0');
});

test('which of two own peers serves is said to whoever asks whether the gateway can work, and in metrics', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const figures = async () => {
    t.mock.timers.tick(31_000);
    await gateway.app.inject('/metrics');
    const { body } = await gateway.app.inject('/metrics');
    return body.split('\n').filter((line) => line.startsWith('consilium_peer_serving'));
  };
  assert.deepEqual(await figures(), []);
  assert.doesNotMatch((await gateway.app.inject('/readyz')).body, /serving/);
  gateway.ledger.missing = [{ name: 'peer', serving: 'second' }, ...nothingMissing().slice(1)];
  assert.deepEqual(await figures(), [
    'consilium_peer_serving{peer="first"} 0',
    'consilium_peer_serving{peer="second"} 1',
  ]);
  const { statusCode, body } = await gateway.app.inject('/readyz');
  assert.deepEqual([statusCode, JSON.parse(body).checks[0]], [200, { name: 'peer', serving: 'second' }]);
});

test('metrics count requests by route and ledger calls by transaction and outcome', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  await gateway.as('auditor', { url: '/v1/members/Org9MSP' });
  const { body, headers } = await gateway.app.inject('/metrics');
  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(body, /duration_seconds_count\{method="GET",route="\/v1\/members\/:mspId",status="404"\} 1/);
  assert.match(body, /duration_seconds_count\{transaction="member:get",outcome="MEMBER_NOT_FOUND"\} 1/);
});

test('the ledger route says the channel, the organisation, the height and who witnessed the history', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  const answer = await gateway.as('auditor', { url: '/v1/ledger' });
  assert.deepEqual(answer.json(), {
    ...{ channel: 'consortium', mspId: 'Org1MSP', height: 1 },
    ...{ checked: 0, witnessed: [] },
  });
});

test('metrics say what is missing, and how many orderers there are, without waiting for it', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  gateway.ledger.orderersSeen = {
    consenters: 3,
    needed: 2,
    serving: 1,
    problem: undefined,
    certificates: [{ of: 'orderer 1', endsMs: 5000 }],
  };
  gateway.ledger.missing = [{ name: 'commit', problem: 'nothing can be ordered' }];
  await gateway.app.inject('/metrics');
  const { body } = await gateway.app.inject('/metrics');
  assert.match(body, /consilium_ready\{check="endorsement"\} 1/);
  assert.match(body, /consilium_ready\{check="commit"\} 0/);
  assert.match(body, /consilium_certificate_expiry_timestamp_seconds\{of="orderer 1"\} 5/);
  for (const line of ['{are="consenters"} 3', '{are="needed"} 2', '{are="serving"} 1']) {
    assert.ok(body.includes(`consilium_orderers${line}`), line);
  }
  // Another orderer took its place.
  gateway.ledger.orderersSeen = {
    ...gateway.ledger.orderersSeen,
    certificates: [{ of: 'orderer 2', endsMs: 9000 }],
  };
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 });
  await gateway.app.inject('/metrics');
  const later = (await gateway.app.inject('/metrics')).body;
  assert.match(later, /consilium_certificate_expiry_timestamp_seconds\{of="orderer 2"\} 9/);
  assert.ok(!later.includes('of="orderer 1"'));
});

test('metrics say how many outcomes are not known, since when, and how high the ledger is', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  const figures = async () => (await gateway.app.inject('/metrics')).body;
  await figures();
  assert.match(await figures(), /^consilium_outbox_unknown 0$/m);
  const envelope = new Uint8Array(1);
  const prepared = { transactionId: 'a'.repeat(64), signer: 'auditor', result: '', envelope };
  await gateway.outbox.recordSending({ name: 'study:start', prepared, request: undefined });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  const body = await figures();
  assert.match(body, /^consilium_outbox_unknown 1$/m);
  assert.ok(Number(/^consilium_outbox_oldest_seconds ([0-9.]+)$/m.exec(body)?.[1]) >= 60);
  assert.match(body, /^consilium_ledger_height 1$/m);
});

test('what is left of each account is for those with a key alone', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  assert.equal((await gateway.app.inject('/v1/account-metrics')).statusCode, 401);
  const answer = await gateway.as('auditor', { url: '/v1/account-metrics' });
  assert.deepEqual([answer.statusCode, answer.headers['content-type']?.split(';')[0]], [200, 'text/plain']);
  assert.match(answer.body, /^# TYPE consilium_budget_left_epsilon gauge$/m);
  assert.ok(!(await gateway.app.inject('/metrics')).body.includes('consilium_budget_left_epsilon'));
});
