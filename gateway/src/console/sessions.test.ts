import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Role } from '@consilium/domain';
import { ApiKeys } from '../http/api-keys.ts';
import { createApiKey, hashOfKeyText, revokeApiKey } from '../http/key-file.ts';
import { KeyUses } from '../http/key-uses.ts';
import { type SessionEnd, Sessions, type Shown } from './sessions.ts';

const MINUTE_MS = 60_000;
const LIMITS = { sessions: 5, sessionsPerKey: 3, sessionIdleMs: 30 * MINUTE_MS, sessionMs: 600 * MINUTE_MS };

function openSessions(t: TestContext, limits: Partial<typeof LIMITS> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-'));
  const path = join(directory, 'api-keys.json');
  const shownOf = (id: string, expiresAt?: Date): Shown => ({
    way: 'apiKey',
    hash: hashOfKeyText(createApiKey({ path, role: 'auditor', id, expiresAt }).key),
  });
  const first = shownOf('first');
  const others = Array.from({ length: 6 }, (_, at) => shownOf(`other-${at}`));
  const brief = shownOf('brief', new Date(Date.now() + 5 * MINUTE_MS));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const uses = new KeyUses(join(directory, 'uses.json'), (error) => assert.fail(String(error)));
  let nowMs = 0;
  const ended: SessionEnd[] = [];
  const sessions = new Sessions({
    apiKeys: new ApiKeys(path, { uses }),
    limits: { ...LIMITS, ...limits },
    nowMs: () => nowMs,
    onEnd: (_, why) => ended.push(why),
  });
  t.after(() => {
    sessions.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const pass = (minutes: number) => {
    nowMs += minutes * MINUTE_MS;
    t.mock.timers.tick(minutes * MINUTE_MS);
  };
  return { sessions, path, uses, first, others, brief, ended, pass };
}

describe('sessions', () => {
  it('are found by their own id alone', (t) => {
    const { sessions, first, others } = openSessions(t);
    const one = sessions.begin(first);
    const two = sessions.begin(others[0]!);
    assert.notEqual(one.id, two.id);
    assert.equal(sessions.find(one.id), one.session);
    assert.equal(sessions.callerOf(one.session)?.id, 'first');
    for (const id of ['', one.id.slice(1), `${one.id}A`, one.session.name, '__proto__', 'A'.repeat(43)])
      assert.equal(sessions.find(id), undefined, id);
  });

  it('end without use, whatever the page does by itself, and go on with use', (t) => {
    const { sessions, first, ended, pass } = openSessions(t);
    const { id, session } = sessions.begin(first);
    pass(29);
    assert.ok(sessions.find(id));
    pass(29);
    assert.ok(sessions.find(id, false), 'asked for in the background');
    assert.equal(sessions.holds(session), true);
    pass(1);
    assert.equal(sessions.holds(session), false);
    assert.equal(sessions.find(id), undefined);
    assert.deepEqual(ended, ['not used for long']);
    assert.equal(session.ends.aborted, true);
  });

  it('end after their time in all, however they are used', (t) => {
    const { sessions, first, ended, pass } = openSessions(t);
    const { id } = sessions.begin(first);
    for (let i = 0; i < 29; i++) {
      pass(20);
      assert.ok(sessions.find(id), String(i));
    }
    pass(20);
    assert.equal(sessions.find(id), undefined);
    assert.deepEqual(ended, ['its time is over']);
  });

  it('end also where nobody asks anything with them', (t) => {
    const { sessions, first, others, brief, path, ended, pass } = openSessions(t);
    const all = [first, others[0]!, brief].map((shown) => sessions.begin(shown).session);
    pass(1);
    revokeApiKey({ path, id: 'first' });
    pass(1);
    sessions.review();
    assert.deepEqual(
      all.map(({ ends }) => ends.aborted),
      [true, false, false],
    );
    assert.ok(all[2]!.endsAtMs < all[1]!.endsAtMs, 'no later than the key');
    pass(4);
    sessions.review();
    pass(26);
    sessions.review();
    assert.deepEqual(ended, [
      'its key or token holds no more',
      'its key or token holds no more',
      'not used for long',
    ]);
    assert.equal(sessions.size, 0);
  });

  it('are bounded for a key and in all: the one used longest ago ends', (t) => {
    const { sessions, first, others, ended } = openSessions(t);
    const own = Array.from({ length: 3 }, () => sessions.begin(first));
    assert.ok(sessions.find(own[0]!.id));
    own.push(sessions.begin(first));
    const found = () => own.map(({ id }) => sessions.find(id, false) !== undefined);
    assert.deepEqual(found(), [true, false, true, true]);
    for (const shown of others) sessions.begin(shown);
    assert.equal(sessions.size, 5);
    assert.deepEqual(found(), [false, false, false, false]);
    assert.equal(new Set(ended).size, 1);
    assert.equal(ended.length, 5);
  });

  it('of a token end with it, and ask with the role that may', (t) => {
    const { sessions, pass } = openSessions(t);
    const roles: Role[] = ['auditor', 'steward'];
    const endsAtMs = Date.now() + 10 * MINUTE_MS;
    const signedIn = { caller: { id: 'oidc-0', person: 'ben' }, roles, subject: 'ben', endsAtMs };
    const { id, session } = sessions.begin({ way: 'oidc', signedIn });
    assert.deepEqual(sessions.callerOf(session), { id: 'oidc-0', person: 'ben', role: 'auditor' });
    assert.equal(sessions.callerOf(session, ['steward', 'trainer'])?.role, 'steward');
    assert.equal(sessions.callerOf(session, ['trainer'])?.role, 'auditor');
    pass(9);
    assert.ok(sessions.find(id));
    pass(1);
    assert.equal(sessions.find(id), undefined);
    assert.equal(session.ends.aborted, true);
  });

  it('count as uses of their key', (t) => {
    const { sessions, first, uses } = openSessions(t);
    const { hash } = first as { hash: string };
    const { id } = sessions.begin(first);
    assert.equal(uses.lastOf(hash), undefined);
    sessions.find(id);
    assert.match(uses.lastOf(hash) ?? '', /^\d{4}-.*:00\.000Z$/);
  });
});
