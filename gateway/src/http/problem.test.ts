import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { DomainError, ERRORS, type ErrorCode, sentenceOf } from '@consilium/domain';
import { LedgerError, type LedgerErrorCode } from '../fabric/ledger.ts';
import { domainRefusal } from '../fabric/refusals.ts';
import {
  GATEWAY_ERRORS,
  type GatewayErrorCode,
  type GatewayErrorEntry,
  GatewayRefusal,
} from '../gateway-errors.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { REGISTER_MEMBER } from './examples.ts';
import { PROBLEM_CODES, problemOf, statusOf } from './problem.ts';

const LEDGER_CODES: readonly LedgerErrorCode[] = [
  'LEDGER_UNAVAILABLE',
  'LEDGER_TIMEOUT',
  'LEDGER_REFUSED',
  'LEDGER_CONFLICT',
  'TRANSACTION_INVALIDATED',
  'ENDORSEMENT_FAILED',
  'ENDORSERS_UNAVAILABLE',
  'IDENTITY_MISSING',
  'OUTCOME_UNKNOWN',
];
const SECRET = 'dial tcp 10.1.2.3:7051 /etc/hyperledger/keys';
const REMARK = 'cannot reach host.internal:7051 at 10.1.2.3:9000, see /var/log/peer.log';

describe('a problem', () => {
  let gateway: GatewayFixture;
  before(async () => {
    gateway = await openGateway();
  });
  after(() => gateway.close());
  const register = () =>
    gateway.as('operator', { method: 'POST', url: '/v1/members', payload: REGISTER_MEMBER });

  it('answers every refusal of the rules with its code, meaning, sentence and status', async () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      gateway.ledger.failNext({ when: 'before-sending', error: new DomainError(code, 'the sentence') });
      const answer = await register();
      const problem = answer.json();
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
      assert.equal(answer.statusCode, statusOf(code));
      assert.equal(problem.status, statusOf(code));
      assert.equal(problem.code, code);
      assert.equal(problem.type, `urn:consilium:problem:${code}`);
      assert.equal(problem.title, ERRORS[code][1]);
      assert.equal(problem.detail, 'the sentence');
      assert.ok(problem.requestId);
    }
  });

  it('answers every error of the ledger with its code and never with its logged message', async () => {
    for (const code of LEDGER_CODES) {
      const error = new LedgerError({ code, step: 'endorse', message: SECRET, cause: new Error(SECRET) });
      gateway.ledger.failNext({ when: 'before-sending', error });
      const answer = await register();
      assert.equal(answer.json().code, code);
      assert.equal(answer.statusCode, GATEWAY_ERRORS[code].status);
      assert.ok(!answer.body.includes('10.1.2.3') && !answer.body.includes('/etc/'), answer.body);
      const entry: GatewayErrorEntry = GATEWAY_ERRORS[code];
      const retryAfter = entry.retryAfterSeconds;
      assert.equal(answer.headers['retry-after'], retryAfter === undefined ? undefined : String(retryAfter));
    }
  });

  it('lists each field that is wrong for programs, beside the sentence for people', async () => {
    const payload = { ...REGISTER_MEMBER, title: '', colour: 'red' };
    const answer = await gateway.as('operator', { method: 'POST', url: '/v1/members', payload });
    const { detail, problems } = answer.json();
    assert.equal(answer.statusCode, 400);
    const fields = problems.map(({ field }: { field: string }) => field);
    assert.ok(fields.includes('title') && fields.includes('colour'), JSON.stringify(problems));
    assert.equal(detail, `body: ${problems.map(sentenceOf).join('; ')}`);
  });

  it('lists the fields of a refusal of the rules with their remedies, and none where it is one sentence', async () => {
    const listed = [
      { field: 'training.momentum', text: "is the optimizer's own field", remedy: 'leave it out' },
      { field: 'datasets.0', text: ': it is retired' },
    ];
    const fail = (error: DomainError) => gateway.ledger.failNext({ when: 'before-sending', error });
    fail(new DomainError('INVALID_ARGUMENT', listed));
    assert.deepEqual((await register()).json().problems, listed);
    fail(new DomainError('INVALID_ARGUMENT', [{ field: 'a\ud800', text: 'is not a known field' }]));
    assert.deepEqual((await register()).json().problems, [
      { field: 'a\ufffd', text: 'is not a known field' },
    ]);
    fail(new DomainError('INVALID_ARGUMENT', 'one sentence'));
    assert.equal('problems' in (await register()).json(), false);
  });

  it('lists what each refusing peer said, without addresses and paths', async () => {
    const refusals = [
      { mspId: 'Org1MSP', message: 'ProposalResponsePayloads do not match' },
      { mspId: 'Org2MSP', message: REMARK },
    ];
    const error = new LedgerError({ code: 'ENDORSEMENT_FAILED', step: 'endorse', message: 'x', refusals });
    gateway.ledger.failNext({ when: 'before-sending', error });
    const { peers } = (await register()).json();
    assert.deepEqual(peers[0], refusals[0]);
    assert.equal(peers[1].mspId, 'Org2MSP');
    assert.match(peers[1].message, /^cannot reach/);
    assert.doesNotMatch(peers[1].message, /7051|9000|internal|peer\.log/);
  });

  it('names the rule that peers refused by, and lists each where peers judge for themselves', async () => {
    const refusals = ['Org2MSP', 'Org3MSP'].map((mspId) => ({
      mspId,
      message: 'chaincode response 500, ENDORSEMENT_REFUSED: this organisation did not accept',
    }));
    const failed = new LedgerError({ code: 'ENDORSEMENT_FAILED', step: 'endorse', message: 'x', refusals });
    const error = domainRefusal(
      refusals.map(({ message }) => message),
      failed,
    );
    gateway.ledger.failNext({ when: 'before-sending', error: error ?? assert.fail() });
    const answer = await register();
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.json().code, 'ENDORSEMENT_REFUSED');
    assert.deepEqual(
      answer.json().peers.map((peer: { mspId: string }) => peer.mspId),
      ['Org2MSP', 'Org3MSP'],
    );
  });

  it('says which transaction has an unknown outcome and where to ask', async () => {
    const error = new LedgerError({ code: 'OUTCOME_UNKNOWN', step: 'submit', message: 'x' });
    gateway.ledger.failNext({ when: 'after-sending', error });
    const answer = await register();
    assert.equal(answer.statusCode, 504);
    assert.match(answer.json().transactionId, /^[0-9a-f]{64}$/);
    assert.equal(answer.headers.location, `/v1/transactions/${answer.json().transactionId}`);
  });

  it('hides what should not have happened', async () => {
    const error = Object.assign(new Error(SECRET), {}) as unknown as LedgerError;
    gateway.ledger.failNext({ when: 'before-sending', error });
    const answer = await register();
    assert.equal(answer.statusCode, 500);
    assert.equal(answer.json().code, 'GATEWAY_INTERNAL');
    assert.ok(!answer.body.includes(SECRET));
  });

  it('answers an unknown route, a body that is not JSON and another content type', async () => {
    const nowhere = await gateway.app.inject('/v1/nowhere');
    assert.deepEqual([nowhere.statusCode, nowhere.json().code], [404, 'ROUTE_NOT_FOUND']);
    const post = (headers: Record<string, string>, payload: string) =>
      gateway.as('operator', { method: 'POST', url: '/v1/members', headers, payload });
    const broken = await post({ 'content-type': 'application/json' }, '{');
    assert.deepEqual([broken.statusCode, broken.json().code], [400, 'MALFORMED_BODY']);
    const poisoned = await post({ 'content-type': 'application/json' }, '{"__proto__":{"a":1}}');
    assert.deepEqual([poisoned.statusCode, poisoned.json().code], [400, 'MALFORMED_BODY']);
    const xml = await post({ 'content-type': 'application/xml' }, '<a/>');
    assert.deepEqual([xml.statusCode, xml.json().code], [415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});

test('a body over the limit is refused', async (t) => {
  const gateway = await openGateway({ limits: { bodyBytes: 100 } });
  t.after(() => gateway.close());
  const payload = { ...REGISTER_MEMBER, title: 'x'.repeat(100) };
  const answer = await gateway.as('operator', { method: 'POST', url: '/v1/members', payload });
  assert.deepEqual([answer.statusCode, answer.json().code], [413, 'PAYLOAD_TOO_LARGE']);
});

test('a key that asks too often is refused until its minute is over, and other keys are not', async (t) => {
  const gateway = await openGateway({ limits: { requestsPerMinute: 2 } });
  t.after(() => gateway.close());
  const ask = () => gateway.as('auditor', { url: '/v1/members' });
  assert.equal((await ask()).statusCode, 200);
  assert.equal((await ask()).statusCode, 200);
  const third = await ask();
  assert.deepEqual([third.statusCode, third.json().code], [429, 'RATE_LIMITED']);
  assert.ok(Number(third.headers['retry-after']) > 0);
  assert.equal((await gateway.as('steward', { url: '/v1/members' })).statusCode, 200);
  assert.equal((await gateway.app.inject('/healthz')).statusCode, 200);
});

test('the codes of the rules and of the gateway do not collide', () => {
  assert.equal(new Set(PROBLEM_CODES).size, PROBLEM_CODES.length);
});

test('every gateway code makes a problem with its status', () => {
  for (const code of Object.keys(GATEWAY_ERRORS) as GatewayErrorCode[]) {
    const problem = problemOf(new GatewayRefusal(code), 'r');
    assert.deepEqual([problem.code, problem.status], [code, GATEWAY_ERRORS[code].status]);
  }
});
