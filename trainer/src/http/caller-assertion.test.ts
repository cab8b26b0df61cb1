// What of assertions is refused: each by its own sentence, so that no test passes for another's reason.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { type AssertedRequest, assertionOf, TRAINER_KEY } from '../testing/asserted-request.ts';
import { CallerAssertions } from './caller-assertion.ts';

const STARTED_MS = Date.UTC(2026, 10, 29, 9);
const TARGET = '/local/datasets/own-data/held-out?as=ids';
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function open() {
  let nowMs = STARTED_MS;
  const assertions = new CallerAssertions({ key: TRAINER_KEY, mspId: 'A', nowMs: () => nowMs });
  nowMs += 60_000;
  const ask = (token: string, { method = 'GET', target = TARGET } = {}) =>
    assertions.callerOf({ authorization: [`Bearer ${token}`], method, target });
  return {
    assertions,
    ask,
    sign: (more: Partial<AssertedRequest> = {}) =>
      assertionOf({ role: 'steward', target: TARGET, nowMs, ...more }),
    pass: (ms: number) => {
      nowMs += ms;
    },
    now: () => nowMs,
  };
}

describe('the assertion of who asks', () => {
  it('is believed for its request, once', async () => {
    const { ask, sign } = open();
    const token = await sign();
    assert.deepEqual(await ask(token), { keyId: 'steward-key', role: 'steward' });
    await assert.rejects(ask(token), /TRAINER_ASSERTION_REFUSED: .*used before/);
    assert.deepEqual(await ask(await sign()), { keyId: 'steward-key', role: 'steward' });
  });

  it('is believed once, also where the same is sent many times at once', async () => {
    const { ask, sign } = open();
    const token = await sign();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => ask(token)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('is remembered as used for as long as it would be valid', async () => {
    const { ask, sign, pass } = open();
    const token = await sign({ claims: {} });
    await ask(token);
    for (const _ of Array.from({ length: 9 })) {
      pass(4_000);
      await assert.rejects(ask(token), /used before|do not hold/);
      await ask(await sign());
    }
  });

  it('is refused for another method, path or query', async () => {
    const { ask, sign } = open();
    for (const other of [
      { method: 'POST' },
      { target: '/local/datasets/own-data/held-out' },
      { target: '/local/datasets/own-data/held-out?as=rows' },
      { target: '/local/datasets/other/held-out?as=ids' },
      { target: '/local/datasets/own%2ddata/held-out?as=ids' },
      { target: `${TARGET}#` },
      { target: `//${TARGET}` },
    ]) {
      await assert.rejects(ask(await sign(), other), /it is for another request/, JSON.stringify(other));
    }
  });

  it('is refused when it expired, is not valid yet, or would be valid for long', async () => {
    const { ask, sign, pass, now } = open();
    const old = await sign();
    pass(36_000);
    await assert.rejects(ask(old), /do not hold/);
    await assert.rejects(ask(await sign({ nowMs: now() + 7_000 })), /do not hold/);
    const seconds = now() / 1000;
    await assert.rejects(ask(await sign({ claims: { exp: seconds + 3600 } })), /lifetime is too long/);
    await assert.rejects(
      ask(await sign({ claims: { iat: seconds - 3600, exp: seconds + 20 } })),
      /do not hold/,
    );
    for (const missing of ['iat', 'exp', 'jti', 'sub', 'aud', 'iss', 'role', 'method', 'target']) {
      await assert.rejects(ask(await sign({ claims: { [missing]: undefined } })), /do not hold/, missing);
    }
  });

  it('is refused when it was made before this process started, and could have been used at the one before', async () => {
    const nowMs = STARTED_MS;
    const assertions = new CallerAssertions({ key: TRAINER_KEY, mspId: 'A', nowMs: () => nowMs });
    const token = await assertionOf({ role: 'steward', target: TARGET, nowMs: nowMs - 1 });
    const asked = { authorization: [`Bearer ${token}`], method: 'GET', target: TARGET };
    await assert.rejects(assertions.callerOf(asked), /older than this process/);
  });

  it("is refused under another key, for another hospital's trainer, of another issuer or type", async () => {
    const { ask, sign } = open();
    for (const other of [
      { key: `${TRAINER_KEY}x` },
      { mspId: 'B' },
      { claims: { iss: 'someone' } },
      { claims: { aud: ['consilium-trainer:A', 'consilium-trainer:B'] } },
      { claims: { role: 'root' } },
      { claims: { sub: 'No Id\r\n' } },
      { claims: { jti: 'short' } },
      { claims: { admin: true } },
      { header: { typ: 'JWT' } },
      { header: { alg: 'HS512' }, key: TRAINER_KEY.repeat(2) },
    ]) {
      await assert.rejects(ask(await sign(other)), /do not hold/, JSON.stringify(other));
    }
  });

  it('is refused unsigned, with its signature cut off or altered, and with altered claims', async () => {
    const { ask, sign } = open();
    const [header = '', claims = '', signature = ''] = (await sign()).split('.');
    const none = encode({ alg: 'none', typ: 'consilium-caller+jwt' });
    const asSteward = encode({
      ...JSON.parse(Buffer.from(claims, 'base64url').toString()),
      role: 'operator',
    });
    const first = signature[0] === 'A' ? 'B' : 'A';
    for (const token of [
      `${none}.${claims}.`,
      `${none}.${claims}.${signature}`,
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${claims}.${first}${signature.slice(1)}`,
      `${header}.${asSteward}.${signature}`,
      `${header}.${claims}.${signature}.${signature}`,
      `${header}.${claims}.${signature}=`,
    ]) {
      await assert.rejects(ask(token), /no signed token|do not hold/, token);
    }
    // The same secret as the key's bytes in another form is no other way in.
    const embedded = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256', jwk: {}, typ: 'JWT' } as never)
      .sign(new TextEncoder().encode('x'.repeat(32)));
    await assert.rejects(ask(embedded), /do not hold/);
  });

  it('is refused when it is huge, missing, given twice or not a token', async () => {
    const { assertions, sign } = open();
    const token = await sign();
    const huge = await sign({ claims: { sub: 'x'.repeat(10_000) } });
    const cases: [readonly string[], RegExp][] = [
      [[], /one Authorization header/],
      [[''], /one Authorization header/],
      [[`Bearer ${token}`, `Bearer ${token}`], /one Authorization header/],
      [[`Bearer ${huge}`], /more than 4096 characters/],
      [[`Bearer ${token} `], /no signed token/],
      [[`Basic ${token}`], /no signed token/],
      [[token], /no signed token/],
      [[`Bearer ${TRAINER_KEY}`], /no signed token/],
    ];
    for (const [authorization, message] of cases) {
      await assert.rejects(assertions.callerOf({ authorization, method: 'GET', target: TARGET }), message);
    }
  });
});
