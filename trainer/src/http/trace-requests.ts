// A span for each request that this hospital's gateway makes, below the gateway's own.
import { contextIn, SPAN_KINDS, type Span, type Tracer } from '@consilium/traces';
import type { FastifyInstance, FastifyRequest } from 'fastify';

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
    // Who has no assertion of the gateway makes no work for the collector.
    if (request.caller === null) return;
    spans.get(request)?.end(
      {
        'http.request.method': request.method,
        'http.route': request.routeOptions.url ?? 'none',
        'http.response.status_code': reply.statusCode,
        'consilium.request_id': request.id,
        'consilium.role': request.caller.role,
      },
      reply.statusCode >= 500,
    );
  });
}
