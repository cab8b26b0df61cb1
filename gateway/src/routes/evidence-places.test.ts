import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Role } from '@consilium/domain';
import type { LedgerCall } from '../fabric/ledger.ts';
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
      assert.match(second.json().detail, /This API key waits for evidence already/);
      assert.ok(second.headers['retry-after']);
    }
    const third = await ask('researcher');
    assert.equal(third.json().code, 'EVIDENCE_BUSY');
    assert.doesNotMatch(third.json().detail, /This API key/);
    ledger.end.reject(new Error('the test is over'));
    await Promise.all(waiting);
    assert.equal((await ask('steward')).json().code, 'GATEWAY_INTERNAL');
  });
});
