import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Role } from '@consilium/domain';
import type { LedgerCall } from '../fabric/ledger.ts';
import { createApiKey } from '../http/key-file.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';

/** Says whenever it is asked for a lineage, and answers none before the end of the test. */
class SlowLedger extends MemoryLedger {
  readonly asked: (() => void)[] = [];
  readonly end = Promise.withResolvers<never>();

  override async evaluate(call: LedgerCall): Promise<unknown> {
    this.asked.shift()?.();
    await this.end.promise;
    return super.evaluate(call);
  }
}

describe('places for those who wait for evidence', () => {
  const ledger = new SlowLedger();
  let gateway: GatewayFixture<SlowLedger>;
  before(async () => {
    ledger.end.promise.catch(() => {});
    gateway = await openGateway({ ledger });
  });
  after(() => gateway.close());
  const ask = (role: Role) => gateway.as(role, { method: 'GET', url: '/v1/evidence/studies/heart' });

  it('are one for each key, so that no key takes those of others, and two for all', async () => {
    const waiting: Promise<unknown>[] = [];
    for (const role of ['auditor', 'steward'] as const) {
      const isAsked = new Promise<void>((resolve) => ledger.asked.push(resolve));
      waiting.push(ask(role));
      await isAsked;
      const second = await ask(role);
      assert.equal(second.json().code, 'EVIDENCE_BUSY');
      assert.match(second.json().detail, /This API key, or its person, waits for evidence already/);
      assert.ok(second.headers['retry-after']);
    }
    const third = await ask('researcher');
    assert.equal(third.json().code, 'EVIDENCE_BUSY');
    assert.doesNotMatch(third.json().detail, /This API key/);
    ledger.end.reject(new Error('the test is over'));
    await Promise.all(waiting);
    assert.equal((await ask('steward')).json().code, 'GATEWAY_INTERNAL');
  });

  it('are one for a person, however many keys that has, so that others have theirs', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'evidence-places-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'api-keys.json');
    const ofBen = ['ben-1', 'ben-2'].map(
      (id) => createApiKey({ path, id, role: 'steward', person: 'ben' }).key,
    ) as [string, string];
    const slow = new SlowLedger();
    slow.end.promise.catch(() => {});
    const own = await openGateway({ ledger: slow, directory });
    t.after(() => own.close());
    const url = '/v1/evidence/studies/heart';
    const asBen = (key: string) => own.app.inject({ url, headers: { authorization: `Bearer ${key}` } });
    const asked = () => new Promise<void>((resolve) => slow.asked.push(resolve));
    const [ofFirst, first] = [asked(), asBen(ofBen[0])];
    await ofFirst;
    const second = await asBen(ofBen[1]);
    assert.equal(second.json().code, 'EVIDENCE_BUSY');
    assert.match(second.json().detail, /This API key, or its person/);
    const [ofOther, other] = [asked(), own.as('auditor', { url })];
    await ofOther;
    slow.end.reject(new Error('the test is over'));
    await Promise.all([first, other]);
  });
});
