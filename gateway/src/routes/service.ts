// For the operator of this service: is it alive, can it work, how is it doing. Public, and it says no secrets.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { nothingMissing, READINESS_CHECKS, type ReadinessCheck } from '../fabric/ledger.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';

const Health = Type.Object({ status: Type.Literal('ok') }, { examples: [{ status: 'ok' }] });
const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not ready']),
  checks: Type.Array(
    Type.Object({
      name: Type.Enum([...READINESS_CHECKS, 'history']),
      problem: Type.Optional(Type.String()),
    }),
  ),
});
const READY = { status: 'ready', checks: nothingMissing() };
const NOT_READY = {
  status: 'not ready',
  checks: [{ name: 'peer', problem: 'the peer does not answer' }],
};

/** A ledger of two histories is nothing to work on. A gateway that is still reading it can. */
function historyCheck({ status }: WatchedHistory): { readonly name: 'history'; readonly problem: string }[] {
  return status?.state === 'stopped' && status.problem !== undefined
    ? [{ name: 'history', problem: status.problem }]
    : [];
}

/** An answer to /readyz costs an endorsement by several organisations: one serves everybody for a moment. */
const READINESS_KEPT_MS = 1_000;

export function addServiceRoutes(app: FastifyInstance, { ledger, history, metrics }: Dependencies): void {
  const tags = ['service'];
  const config = { rateLimit: false } as const;

  app.get('/', { config, schema: { hide: true } }, async (_request, reply) =>
    reply.redirect('/documentation'),
  );

  app.get('/healthz', {
    config,
    schema: {
      operationId: 'getHealth',
      tags,
      summary: 'Whether this process serves.',
      description: 'Says nothing about the ledger. Public.',
      response: { 200: { ...Health, description: 'It serves.' } },
    },
    handler: async () => ({ status: 'ok' }),
  });

  let kept: { untilMs: number; checks: Promise<readonly ReadinessCheck[]> } | undefined;
  app.get('/readyz', {
    config,
    schema: {
      operationId: 'getReadiness',
      tags,
      summary:
        'Whether this gateway can work: its peer, the chaincode, endorsements, and committed transactions.',
      description:
        'Asks for an endorsement, not only for a port, and says what is missing. Also says when the channel stops ' +
        'committing: orderers accepted a transaction, and no block has come since. `history` is there where something ' +
        'is wrong with the ledger itself, as two blocks of one number: GET /v1/attention says more. Public.',
      response: {
        200: { ...Readiness, description: 'It can work.', examples: [READY] },
        503: { ...Readiness, description: 'It cannot; checks say why.', examples: [NOT_READY] },
      },
    },
    handler: async (_request, reply) => {
      const nowMs = Date.now();
      if (kept === undefined || kept.untilMs < nowMs) {
        kept = { untilMs: nowMs + READINESS_KEPT_MS, checks: ledger.ready() };
      }
      const checks = [...(await kept.checks), ...historyCheck(history)];
      const ready = checks.every(({ problem }) => problem === undefined);
      if (!ready) reply.header('retry-after', '2');
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
    },
  });

  app.get('/metrics', {
    config,
    schema: {
      operationId: 'getMetrics',
      tags,
      summary: "Figures in Prometheus' text format.",
      description:
        'Durations by route and by ledger transaction, retries, unknown outcomes, streams. Public.',
      response: {
        200: {
          description: 'The figures.',
          content: {
            'text/plain': { schema: Type.String({ examples: ['consilium_event_streams 1\n'] }) },
          },
        },
      },
    },
    handler: async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  });
}
