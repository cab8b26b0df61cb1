// What becomes of a submission, at each of its steps, when the gateway is asked to end: it is finished and answered, or
// it lies in the outbox for the next start. Nothing is sent that is not written down.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { BeforeSending, Committed, LedgerCall } from '../fabric/ledger.ts';
import { REGISTER_MEMBER } from '../http/examples.ts';
import { createMetrics } from '../metrics.ts';
import { NO_HISTORY } from '../read-model/no-history.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { Outbox } from './outbox.ts';
import { Submissions } from './submissions.ts';

type Step = 'endorsing' | 'endorsed' | 'recorded' | 'committed';

/** A ledger on which a submission waits at one step until it is released. */
class HeldLedger extends MemoryLedger {
  readonly #step: Step;
  readonly reached = Promise.withResolvers<void>();
  readonly released = Promise.withResolvers<void>();
  sent = 0;

  constructor(step: Step) {
    super();
    this.#step = step;
  }

  async #hold(step: Step): Promise<void> {
    if (step !== this.#step) return;
    this.reached.resolve();
    await this.released.promise;
  }

  override async submit(call: LedgerCall, beforeSending: BeforeSending): Promise<Committed> {
    await this.#hold('endorsing');
    const committed = await super.submit(call, async (prepared) => {
      await this.#hold('endorsed');
      await beforeSending(prepared);
      await this.#hold('recorded');
      this.sent += 1;
    });
    await this.#hold('committed');
    return committed;
  }
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'shutdown-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const register = (gateway: Pick<GatewayFixture, 'as'>, key?: string, headers: Record<string, string> = {}) =>
  gateway.as('operator', {
    method: 'POST',
    url: '/v1/members',
    payload: REGISTER_MEMBER,
    headers: key === undefined ? headers : { ...headers, 'idempotency-key': key },
  });

for (const step of ['endorsing', 'endorsed', 'recorded', 'committed'] as const) {
  test(`a submission that is ${step} when the gateway ends is finished and answered`, async (t) => {
    const directory = directoryFor(t);
    const ledger = new HeldLedger(step);
    const gateway = await openGateway({ directory, ledger });
    const answer = register(gateway, 'join');
    await ledger.reached.promise;
    const closed = gateway.app.close();
    ledger.released.resolve();
    assert.equal((await answer).statusCode, 201);
    await closed;
    assert.equal(ledger.sent, 1);
    const outbox = new Outbox(directory);
    t.after(() => outbox.close());
    assert.deepEqual(outbox.unknown(), []);
  });
}

test('a submission that does not end in time lies in the outbox, and the next start answers the same request by it', async (t) => {
  const directory = directoryFor(t);
  const ledger = new HeldLedger('committed');
  const gateway = await openGateway({ directory, ledger });
  // Without a key nobody waits for it at the end.
  const answer = register(gateway);
  answer.catch(() => {});
  await ledger.reached.promise;
  await gateway.app.close();
  const outbox = new Outbox(directory);
  const [sent] = outbox.unknown();
  assert.equal(sent?.name, 'member:register');
  outbox.close();
  const again = await openGateway({ directory, ledger });
  t.after(() => again.app.close());
  const found = await again.as('auditor', { url: `/v1/transactions/${sent.transactionId}` });
  assert.equal(found.json().state, 'committed');
  assert.equal(ledger.sent, 1);
  ledger.released.resolve();
});

test('nothing is sent once the outbox is closed', async (t) => {
  const directory = directoryFor(t);
  const ledger = new HeldLedger('endorsed');
  const gateway = await openGateway({ directory, ledger });
  const answer = register(gateway);
  await ledger.reached.promise;
  await gateway.app.close();
  ledger.released.resolve();
  assert.equal((await answer).json().code, 'OUTBOX_UNAVAILABLE');
  assert.equal(ledger.sent, 0);
});

for (const how of ['waited for', 'asked to be answered later'] as const) {
  test(`a request that is ${how}, of a peer that never answers, holds up no end`, {
    timeout: 60_000,
  }, async (t) => {
    const directory = directoryFor(t);
    const ledger = new HeldLedger('recorded');
    const gateway = await openGateway({ directory, ledger, closeWithinMs: 20 });
    const prefer = how === 'waited for' ? {} : { prefer: 'respond-async' };
    const answer = register(gateway, 'join', prefer);
    answer.catch(() => {});
    await ledger.reached.promise;
    await gateway.app.close();
    const outbox = new Outbox(directory);
    t.after(() => outbox.close());
    assert.deepEqual(
      outbox.unknown().map(({ name }) => name),
      ['member:register'],
    );
    ledger.released.resolve();
  });
}

test('the history is closed while what is in flight ends', { timeout: 60_000 }, async (t) => {
  const ledger = new HeldLedger('recorded');
  const isClosed = Promise.withResolvers<void>();
  const history = { ...NO_HISTORY, close: async () => isClosed.resolve() };
  const gateway = await openGateway({ directory: directoryFor(t), ledger, history, closeWithinMs: 600_000 });
  const answer = register(gateway, 'join');
  await ledger.reached.promise;
  const closed = gateway.app.close();
  await isClosed.promise;
  ledger.released.resolve();
  assert.equal((await answer).statusCode, 201);
  await closed;
});

test('a gateway that ends asks for no more of the outcomes that it does not know', async (t) => {
  const outbox = new Outbox(undefined);
  t.after(() => outbox.close());
  for (const transactionId of ['first', 'second']) {
    const prepared = { transactionId, signer: 'operator', result: 'null', envelope: new Uint8Array(1) };
    await outbox.recordSending({ name: 'member:register', prepared, request: undefined });
  }
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const questions: string[] = [];
  const ledger = new MemoryLedger();
  ledger.recover = async ({ transactionId }) => {
    questions.push(transactionId);
    asked.resolve();
    await answered.promise;
    return { state: 'unknown' };
  };
  const submissions = new Submissions({
    ...{ ledger, outbox, metrics: createMetrics({ ofProcess: false }), log: pino({ enabled: false }) },
    recoveryTimeoutMs: 50,
  });
  submissions.startRecovery();
  await asked.promise;
  const closed = submissions.close();
  answered.resolve();
  await closed;
  assert.equal(questions.length, 1);
});
