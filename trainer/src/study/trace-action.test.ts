import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_KINDS, traceparentNow } from '@consilium/traces';
import { attributesIn, Collector } from '@consilium/traces/testing';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import type { Ledger } from '../gateway/gateway-client.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { traceAction } from './trace-action.ts';

test('each action of a study is a trace, and what it asks of the gateway is below it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-traced-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new MemoryArtefactStore();
  const world = await smallConsortium({ directory, store, study: { rounds: 1 } });
  const collector = new Collector();
  const tracer = collector.tracer('consilium-trainer');
  const asked = new Map<string, string | undefined>();
  const ledger = world.consortium.as('A');
  const submit: Ledger['submit'] = (name, ...rest) => {
    asked.set(name, traceparentNow());
    return ledger.submit(name, ...rest);
  };
  const running = runTrainers(world, ({ mspId }) => ({
    store,
    ...(mspId === 'A' && { tracer, ledger: { ...ledger, submit } }),
  }));
  await running.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
  await running.stop();
  await tracer.close();
  const { spans } = collector;
  const actions = new Set(spans.map((span) => attributesIn(span)['consilium.action']));
  for (const action of ['open', 'train', 'verdict', 'attest', 'settle'])
    assert.ok(actions.has(action), action);
  assert.ok(!actions.has('wait') && !actions.has('done'));
  for (const { kind, parentSpanId } of spans) {
    assert.deepEqual([kind, parentSpanId], [SPAN_KINDS.internal, undefined]);
  }
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, spans.length);
  for (const [transaction, action] of [
    ['round:open', 'open'],
    ['round:recordUpdate', 'train'],
    ['round:attest', 'attest'],
  ] as const) {
    const of = spans.filter((span) => attributesIn(span)['consilium.action'] === action);
    const places = of.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`);
    assert.ok(places.includes(asked.get(transaction) ?? 'none'), transaction);
  }
});

test('a span of an action says the action and its outcome, and nothing of study, dataset or failure', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('consilium-trainer');
  const secret = 'patient-4711';
  const fail = () => Promise.reject(new TrainerError('TRAINER_STUDY_NOT_FOUND', secret));
  await assert.rejects(traceAction(tracer, 'train', fail), { code: 'TRAINER_STUDY_NOT_FOUND' });
  await assert.rejects(traceAction(tracer, 'train', () => Promise.reject(new Error(secret))));
  await tracer.close();
  assert.deepEqual(collector.spans.map(attributesIn), [
    { 'consilium.action': 'train', 'consilium.outcome': 'TRAINER_STUDY_NOT_FOUND' },
    { 'consilium.action': 'train', 'consilium.outcome': 'TRAINER_INTERNAL' },
  ]);
  assert.deepEqual(
    collector.spans.map(({ name, status }) => [name, status.code]),
    [
      ['study train', 2],
      ['study train', 2],
    ],
  );
  assert.ok(!collector.texts.join().includes(secret));
});

test('an action begins a trace of its own where a request has woken its study', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('consilium-trainer');
  const request = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
  await tracer.within(request, () => traceAction(tracer, 'open', async () => {}));
  await tracer.close();
  const [span] = collector.spans;
  assert.equal(span?.parentSpanId, undefined);
  assert.notEqual(span?.traceId, request.traceId);
});

test('waiting sends no span', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('consilium-trainer');
  assert.equal(await traceAction(tracer, 'wait', async () => 7), 7);
  await traceAction(tracer, 'done', async () => {});
  await traceAction(undefined, 'train', async () => {});
  await tracer.close();
  assert.deepEqual(collector.texts, []);
});
