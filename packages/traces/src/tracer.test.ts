import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesIn, Collector } from './testing/collector.ts';
import { ATTRIBUTES, collectorAt, contextIn, SPAN_KINDS, traceparentNow } from './tracer.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test('a busy program that ends sends all that waits, in messages of bounded size', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('of a test');
  for (let at = 0; at < 1_500; at += 1) tracer.begin(`span ${at}`, SPAN_KINDS.server).end({}, false);
  await tracer.close();
  assert.equal(new Set(collector.spans.map(({ name }) => name)).size, 1_500);
  assert.ok(collector.texts.length > 1);
});

test('what runs around work is below what is current, ends with what came of it, and throws on', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('of a test');
  const outcomeOf = (error: unknown) => (error as Error).message;
  const around = (name: string, work: () => Promise<unknown>) =>
    tracer.around({ name, kind: SPAN_KINDS.internal, outcomeOf }, work);
  await tracer.within({ traceId: TRACE, spanId: PARENT }, () =>
    around('outer', async () => {
      assert.match(traceparentNow()!, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
      await assert.rejects(
        around('inner', () => Promise.reject(new Error('REFUSED'))),
        /REFUSED/,
      );
    }),
  );
  await tracer.close();
  const [inner, outer] = collector.spans;
  assert.deepEqual([outer?.traceId, outer?.parentSpanId], [TRACE, PARENT]);
  assert.deepEqual([inner?.traceId, inner?.parentSpanId], [TRACE, outer?.spanId]);
  assert.deepEqual([attributesIn(outer!)['consilium.outcome'], outer?.status.code], ['ok', 1]);
  assert.deepEqual([attributesIn(inner!)['consilium.outcome'], inner?.status.code], ['REFUSED', 2]);
});

test('what runs within nothing begins a trace of its own, whatever it was called from', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('of a test');
  await tracer.within({ traceId: TRACE, spanId: PARENT }, async () => {
    tracer.within(undefined, () => {
      assert.equal(traceparentNow(), undefined);
      tracer.begin('own', SPAN_KINDS.internal).end({}, false);
    });
    assert.match(traceparentNow()!, new RegExp(TRACE));
  });
  await tracer.close();
  assert.equal(collector.spans[0]?.parentSpanId, undefined);
  assert.notEqual(collector.spans[0]?.traceId, TRACE);
});

test('attributes that are not on the list are not sent, whoever gives them', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('of a test');
  tracer
    .begin('own', SPAN_KINDS.internal)
    .end({ 'consilium.action': 'train', patient: 'p-1' } as object, false);
  await tracer.close();
  assert.deepEqual(attributesIn(collector.spans[0]!), { 'consilium.action': 'train' });
  assert.ok(!collector.texts.join().includes('p-1'));
  assert.ok(!(ATTRIBUTES as readonly string[]).includes('patient'));
});

test('a traceparent that is none begins a trace of its own', () => {
  assert.deepEqual(contextIn(`00-${TRACE}-${PARENT}-00`), { traceId: TRACE, spanId: PARENT });
  const none = ['', undefined, 7, `01-${TRACE}-${PARENT}-00`, `00-${TRACE}-${PARENT}-00\r\nx: y`];
  for (const text of [...none, `00-${'0'.repeat(32)}-${PARENT}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`]) {
    assert.equal(contextIn(text), undefined);
  }
});

test('the address of a collector is one of http or https, without a user', () => {
  assert.equal(collectorAt('http://127.0.0.1:4318/v1/traces')?.port, '4318');
  const withUser = ['user:secret', 'user', ':secret'].map((user) => `http://${user}@collector/v1/traces`);
  for (const text of ['', 'collector', 'file:///tmp/traces', ...withUser]) {
    assert.equal(collectorAt(text), undefined, text);
  }
});
