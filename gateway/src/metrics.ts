// What an operator watches, in Prometheus' text format. One registry per application, none global.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** `ofProcess` adds memory, event loop and file descriptor figures: once per process. */
export function createMetrics({ ofProcess }: { readonly ofProcess: boolean }) {
  const registry = new Registry();
  const registers = [registry];
  if (ofProcess) collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'consilium_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer, by route.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60],
      registers,
    }),
    ledgerCalls: new Histogram({
      name: 'consilium_ledger_call_duration_seconds',
      help: 'Time of a ledger call, by transaction and outcome (ok or the error code).',
      labelNames: ['transaction', 'outcome'],
      buckets: [0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60],
      registers,
    }),
    conflictRetries: new Counter({
      name: 'consilium_ledger_conflict_retries_total',
      help: 'Submissions proposed again after the ledger recorded them as invalid.',
      labelNames: ['transaction'],
      registers,
    }),
    unknownOutcomes: new Counter({
      name: 'consilium_ledger_unknown_outcomes_total',
      help: 'Submissions whose answer was lost after sending.',
      registers,
    }),
    eventStreams: new Gauge({
      name: 'consilium_event_streams',
      help: 'Event streams being served.',
      registers,
    }),
  };
}
