// Where spans begin and end: one for each request of a known caller, below that of the caller where it says one, and
// one for each call of the ledger below it. Routes know nothing of it.
import { DomainError } from '@consilium/domain';
import { contextIn, SPAN_KINDS, type Span, type Tracer } from '@consilium/traces';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Ledger, type LedgerCall, LedgerError } from '../fabric/ledger.ts';

/** Call it before any other hook. */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    const name = `${request.method} ${request.routeOptions.url ?? 'no route'}`;
    const span = tracer.begin(name, SPAN_KINDS.server, contextIn(request.headers.traceparent));
    spans.set(request, span);
    tracer.within(span, done);
  });
  app.addHook('onResponse', async (request, reply) => {
    // Who shows no valid key, or needs none, makes no work for the collector and pushes nobody's spans out.
    if (request.apiKey === null) return;
    spans.get(request)?.end(
      {
        'http.request.method': request.method,
        'http.route': request.routeOptions.url ?? 'none',
        'http.response.status_code': reply.statusCode,
        'consilium.request_id': request.id,
        'consilium.role': request.apiKey.role,
      },
      reply.statusCode >= 500,
    );
  });
}

/** The ledger, with a span for each call that a request makes of it. */
export function tracedLedger(ledger: Ledger, tracer: Tracer): Ledger {
  /** @param call undefined where a client signs it, whose role the gateway does not know */
  const traced = <T>(step: string, call: LedgerCall | undefined, work: () => Promise<T>): Promise<T> => {
    const name = ['ledger', step, call?.name ?? []].flat().join(' ');
    const attributes = call && { 'consilium.transaction': call.name, 'consilium.role': call.role };
    const outcomeOf = (error: unknown) =>
      error instanceof DomainError || error instanceof LedgerError ? error.code : 'failed';
    return tracer.around(
      { name, kind: SPAN_KINDS.client, ...(attributes && { attributes }), outcomeOf },
      work,
    );
  };
  return new Proxy(ledger, {
    get(target, name) {
      if (name === 'submit') {
        return (...given: Parameters<Ledger['submit']>) =>
          traced('submit', given[0], () => target.submit(...given));
      }
      if (name === 'evaluate') {
        return (...given: Parameters<Ledger['evaluate']>) =>
          traced('evaluate', given[0], () => target.evaluate(...given));
      }
      if (name === 'endorse') {
        return (...given: Parameters<Ledger['endorse']>) =>
          traced('endorse', undefined, () => target.endorse(...given));
      }
      if (name === 'submitSigned') {
        return (...given: Parameters<Ledger['submitSigned']>) =>
          traced('submit', undefined, () => target.submitSigned(...given));
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
