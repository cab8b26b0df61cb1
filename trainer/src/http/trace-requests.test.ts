import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_KINDS } from '@consilium/traces';
import { attributesIn, Collector } from '@consilium/traces/testing';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { askAs } from '../testing/asserted-request.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };

test("a request of the gateway is a span below the gateway's; one without its assertion sends none", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-traced-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new MemoryArtefactStore();
  const world = await smallConsortium({ directory, store, study: { state: 'proposed' } });
  const collector = new Collector();
  const tracer = collector.tracer('consilium-trainer');
  const running = runTrainers(world, ({ mspId }) => ({ store, ...(mspId === 'A' && { tracer }) }));
  const { http } = running.trainers.get('A')!;
  const secret = 'patient-4711';
  for (const url of ['/local/jobs', '/healthz', '/metrics', `/local/${secret}`]) {
    await http.inject({ url, headers });
  }
  const jobs = await askAs(http, 'auditor', { url: '/local/jobs', headers });
  const refused = await askAs(http, 'auditor', { url: `/local/models/${secret}/card`, headers });
  await running.stop();
  await tracer.close();
  assert.deepEqual([jobs.statusCode, refused.statusCode], [200, 404]);
  const { spans } = collector;
  assert.deepEqual(
    spans.map(({ name, kind, traceId, parentSpanId }) => [name, kind, traceId, parentSpanId]),
    [
      ['GET /local/jobs', SPAN_KINDS.server, TRACE, PARENT],
      ['GET /local/models/:studyId/card', SPAN_KINDS.server, TRACE, PARENT],
    ],
  );
  const { 'consilium.request_id': requestId, ...attributes } = attributesIn(spans[0]!);
  assert.match(String(requestId), /^[0-9a-f-]{36}$/);
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.route': '/local/jobs',
    'http.response.status_code': 200,
    'consilium.role': 'auditor',
  });
  assert.ok(!collector.texts.join().includes(secret));
});
