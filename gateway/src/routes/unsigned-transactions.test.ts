import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Role } from '@consilium/domain';
import { LedgerError } from '../fabric/ledger.ts';
import { REGISTER_DATASET } from '../http/examples.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { TestAuthority, type TestCertificate } from '../testing/test-certificates.ts';

let gateway: GatewayFixture;
let person: TestCertificate;
let another: TestCertificate;
let ended: TestCertificate;
before(async () => {
  const authority = await TestAuthority.create('ca.clinic');
  person = await authority.issue('mary');
  another = await authority.issue('john');
  ended = await authority.issue('former', new Date('2021-01-01T00:00:00Z'));
  gateway = await openGateway();
});
after(() => gateway.close());

interface Said {
  readonly code: string;
  readonly blockNumber: number;
}
const URL = '/v1/unsigned-transactions';
const post = async (url: string, payload: object, role: Role = 'steward') => {
  const answer = await gateway.as(role, { method: 'POST', url, payload });
  const body = answer.json() as { transactionId: string; message: string; result: unknown } & Partial<Said>;
  return { status: answer.statusCode, headers: answer.headers, ...body };
};
let named = 0;
const prepare = (more: object = {}, role?: Role) => {
  named += 1;
  const argument = { ...REGISTER_DATASET, datasetId: `signed-${named}` };
  return post(URL, { certificate: person.cert, transaction: 'dataset:register', argument, ...more }, role);
};
const signatureOf = (message: string, { key }: TestCertificate = person): string =>
  sign('sha256', Buffer.from(message, 'base64'), createPrivateKey(key)).toString('base64');
const endorse = (id: string, signature: string, role?: Role) =>
  post(`${URL}/${id}/endorsement`, { signature }, role);
const submit = (id: string, signature: string, role?: Role) =>
  post(`${URL}/${id}/submission`, { signature }, role);

async function endorsed() {
  const prepared = await prepare();
  const answer = await endorse(prepared.transactionId, signatureOf(prepared.message));
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return {
    transactionId: prepared.transactionId,
    prepared,
    answer,
    signature: signatureOf(answer.message),
  };
}

test('a client prepares, signs, endorses, signs and submits; again it is not carried out twice', async () => {
  const { transactionId, answer, signature } = await endorsed();
  assert.equal((answer.result as { datasetId: string }).datasetId, `signed-${named}`);
  const done = await submit(transactionId, signature);
  assert.equal(done.status, 200, JSON.stringify(done));
  assert.equal(done.transactionId, transactionId);
  assert.equal(done.headers['idempotency-replayed'], undefined);
  const height = await gateway.ledger.height();
  const again = await submit(transactionId, signature);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.deepEqual([again.blockNumber, again.result], [done.blockNumber, done.result]);
  assert.equal(await gateway.ledger.height(), height);
  const asked = await gateway.as('auditor', { url: `/v1/transactions/${transactionId}` });
  assert.equal(asked.json().state, 'committed');
  assert.equal(asked.json().transaction, 'dataset:register');
});

test('two requests with one signature at once are carried out once', async () => {
  const { transactionId, signature } = await endorsed();
  const answers = await Promise.all([submit(transactionId, signature), submit(transactionId, signature)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(new Set(answers.map(({ blockNumber }) => blockNumber)).size, 1);
});

test('an answer that was lost is found by sending the same again', async () => {
  const { transactionId, signature } = await endorsed();
  const lost = { code: 'OUTCOME_UNKNOWN', step: 'commit-status', message: 'lost' } as const;
  gateway.ledger.failNext({ error: new LedgerError(lost), when: 'after-sending' });
  const unknown = await submit(transactionId, signature);
  assert.equal(unknown.code, 'OUTCOME_UNKNOWN');
  const found = await submit(transactionId, signature);
  assert.equal(found.status, 200, JSON.stringify(found));
  assert.equal(found.headers['idempotency-replayed'], 'true');
});

test('an endorsement that was asked for twice is the same', async () => {
  const { transactionId, prepared, answer } = await endorsed();
  const again = await endorse(transactionId, signatureOf(prepared.message));
  assert.equal(again.message, answer.message);
});

test('two requests for endorsement at once get the same message, which can be submitted', async () => {
  const { ledger } = gateway;
  const { transactionId, message } = await prepare();
  const signature = signatureOf(message);
  const endorseAs = ledger.endorse.bind(ledger);
  let asked = 0;
  ledger.endorse = async (...given) => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return endorseAs(...given);
  };
  const [first, second] = await Promise.all([
    endorse(transactionId, signature),
    endorse(transactionId, signature),
  ]).finally(() => {
    ledger.endorse = endorseAs;
  });
  assert.deepEqual([asked, first!.message], [1, second!.message]);
  assert.equal((await submit(transactionId, signatureOf(first!.message))).status, 200);
});

test('every mistake of what is to be prepared is named with its field', async () => {
  const wrong = await prepare({ argument: { ...REGISTER_DATASET, datasetId: 'No id', title: 7 } });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong), /argument\.datasetId/);
  assert.match(JSON.stringify(wrong), /argument\.title/);
  assert.equal((await prepare({ transaction: 'dataset:list' })).status, 400);
  for (const [certificate, reason] of [
    ['no certificate', /one certificate in PEM/],
    [`${person.cert}${another.cert}`, /one certificate in PEM/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /must be a certificate in PEM/],
    [ended.cert, /is valid from .* and not now/],
  ] as const) {
    const refused = await prepare({ certificate });
    assert.equal(refused.status, 400, certificate);
    assert.match(JSON.stringify(refused), reason);
  }
});

test('a signature of another key or other bytes is refused, and peers are not asked', async () => {
  const { transactionId, message } = await prepare();
  const bytes = Buffer.from(message, 'base64');
  const other = Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]).toString('base64');
  for (const signature of [signatureOf(message, another), signatureOf(other), 'AAAAAAAAAAAA']) {
    const refused = await endorse(transactionId, signature);
    assert.deepEqual([refused.status, refused.code], [400, 'SIGNATURE_INVALID']);
  }
  assert.equal((await submit(transactionId, signatureOf(message))).code, 'NOTHING_TO_SIGN');
  const { status, message: payload } = await endorse(transactionId, signatureOf(message));
  assert.equal(status, 200);
  const swapped = await submit(transactionId, signatureOf(message));
  assert.equal(swapped.code, 'SIGNATURE_INVALID', 'the signature of the proposal is none of the transaction');
  assert.equal((await submit(transactionId, signatureOf(payload!))).status, 200);
});

test('nobody else endorses or submits what a caller prepared', async () => {
  const { transactionId, answer, prepared, signature } = await endorsed();
  assert.equal(
    (await endorse(transactionId, signatureOf(prepared.message), 'auditor')).code,
    'NOTHING_TO_SIGN',
  );
  assert.equal((await submit(transactionId, signature, 'auditor')).code, 'NOTHING_TO_SIGN');
  assert.equal((await submit(transactionId, signatureOf(answer.message))).status, 200);
});

test('a caller that prepares without end is stopped, and another one is not', async () => {
  let refused: Awaited<ReturnType<typeof prepare>> | undefined;
  for (let i = 0; i < 60 && refused === undefined; i += 1) {
    const answer = await prepare({}, 'operator');
    if (answer.status !== 201) refused = answer;
  }
  assert.deepEqual([refused?.status, refused?.code], [429, 'TOO_MANY_UNSIGNED']);
  assert.ok(Number(refused?.headers['retry-after']) > 0);
  assert.equal((await prepare({}, 'researcher')).status, 201);
});

test('a client may go on without end as long as it sends what it prepared', async (t) => {
  const own = await openGateway();
  t.after(() => own.close());
  const { cert: certificate } = person;
  const send = async (url: string, payload: object) =>
    own.as('researcher', { method: 'POST', url, payload }).then((answer) => answer.json());
  for (let i = 0; i < 60; i += 1) {
    const argument = { ...REGISTER_DATASET, datasetId: `many-${i}` };
    const { transactionId: id, message } = await send(URL, {
      certificate,
      transaction: 'dataset:register',
      argument,
    });
    assert.ok(message !== undefined, `${i} could not be prepared`);
    const endorsement = await send(`${URL}/${id}/endorsement`, { signature: signatureOf(message) });
    const done = await send(`${URL}/${id}/submission`, { signature: signatureOf(endorsement.message) });
    assert.equal(done.transactionId, id);
  }
});
