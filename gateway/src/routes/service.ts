// For the operator of this service: is it alive, can it work, how is it doing. Public, and it says no secrets.
import { GATEWAY_PATHS, ROLES, type Role } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies, WatchedFile } from '../dependencies.ts';
import {
  type Ledger,
  nothingMissing,
  READINESS_CHECKS,
  type ReadinessCheck,
  SERVING_PEERS,
} from '../fabric/ledger.ts';
import type { ApiKeys } from '../http/api-keys.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import type { TlsListener } from '../http/tls-listener.ts';
import type { Metrics } from '../metrics.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';

const roles: readonly Role[] = ROLES;
const ACCOUNT_LINE = 'consilium_budget_left_epsilon{population="p",block="1",pool="training"} 2.525643\n';

const Health = Type.Object({ status: Type.Literal('ok') }, { examples: [{ status: 'ok' }] });
const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not ready']),
  checks: Type.Array(
    Type.Object({
      name: Type.Enum([...READINESS_CHECKS, 'history', 'connection', 'api-keys', 'tls']),
      problem: Type.Optional(Type.String()),
      serving: Type.Optional(
        Type.Enum([...SERVING_PEERS], {
          description: 'Of `peer`, where the organisation has two: which one serves.',
        }),
      ),
    }),
  ),
});
const READY = { status: 'ready', checks: nothingMissing() };
const NOT_READY = {
  status: 'not ready',
  checks: [{ name: 'peer', problem: 'the peer does not answer' }],
};

/** A ledger of two histories is nothing to work on. A gateway that is still reading it can. */
function historyCheck({
  status,
  damage,
}: WatchedHistory): { readonly name: 'history'; readonly problem: string }[] {
  if (damage !== undefined) return [{ name: 'history', problem: damage }];
  return status?.state === 'stopped' && status.problem !== undefined
    ? [{ name: 'history', problem: status.problem }]
    : [];
}

/** An answer to /readyz costs an endorsement by several organisations: one serves everybody for a moment. */
const READINESS_KEPT_MS = 1_000;

const READINESS_OF_METRICS_KEPT_MS = 30_000;

/** What was found missing a moment ago, for callers and for metrics. */
class WatchedReadiness {
  readonly #ledger: Ledger;
  readonly #metrics: Metrics;
  #asked: { readonly atMs: number; readonly checks: Promise<readonly ReadinessCheck[]> } | undefined;

  constructor(ledger: Ledger, metrics: Metrics) {
    this.#ledger = ledger;
    this.#metrics = metrics;
  }

  /** No older than this. */
  within(keptMs: number): Promise<readonly ReadinessCheck[]> {
    const nowMs = Date.now();
    if (this.#asked === undefined || this.#asked.atMs + keptMs < nowMs) {
      this.#asked = { atMs: nowMs, checks: this.#ask() };
    }
    return this.#asked.checks;
  }

  async #ask(): Promise<readonly ReadinessCheck[]> {
    const checks = await this.#ledger.ready();
    const { ready, orderers, certificateExpiry, ledgerHeight, peerServing } = this.#metrics;
    ready.reset();
    const serving = checks.find((check) => check.serving !== undefined)?.serving;
    peerServing.reset();
    if (serving !== undefined)
      for (const peer of SERVING_PEERS) peerServing.set({ peer }, peer === serving ? 1 : 0);
    for (const { name, problem } of checks) ready.set({ check: name }, problem === undefined ? 1 : 0);
    if (checks.every(({ name, problem }) => name !== 'peer' || problem === undefined)) {
      ledgerHeight.set(await this.#ledger.height());
    } else ledgerHeight.remove();
    const seen = await this.#ledger.orderers();
    orderers.reset();
    if (seen === undefined) return checks;
    for (const are of ['consenters', 'needed', 'serving'] as const) orderers.set({ are }, seen[are]);
    // Of who has left the channel nothing ends any more; those of clients are read whenever they are asked for.
    certificateExpiry.reset();
    for (const { of, endsMs } of seen.certificates ?? []) certificateExpiry.set({ of }, endsMs / 1000);
    return checks;
  }
}

/** Its present text is not what the gateway goes on with. Public: the file's words are in the log. */
const connectionCheck = (
  connection: WatchedFile | undefined,
): { readonly name: 'connection'; readonly problem: string }[] =>
  connection?.problem === undefined ? [] : [{ name: 'connection', problem: BROKEN_CONNECTION }];

const BROKEN_CONNECTION =
  'the connection file, or a certificate or key that it names, does not fit, so that no change of it counts, and a ' +
  'restart would fail or go elsewhere: the log says what to correct';

/** Keys that the file should bring are refused, and so may be some that it had. Public: names no key. */
const keysCheck = (
  apiKeys: Pick<ApiKeys, 'problem'>,
): { readonly name: 'api-keys'; readonly problem: string }[] =>
  apiKeys.problem() === undefined ? [] : [{ name: 'api-keys', problem: BROKEN_KEYS }];

const BROKEN_KEYS =
  'the file of API keys is broken, so that no change of it counts: the log says what to correct';

const tlsCheck = (tls: TlsListener | undefined): { readonly name: 'tls'; readonly problem: string }[] =>
  tls?.problem() === undefined ? [] : [{ name: 'tls', problem: BROKEN_TLS }];

const BROKEN_TLS = 'the files of TLS do not fit, or the certificate has ended: the log says what to correct';

export function addServiceRoutes(
  app: FastifyInstance,
  { ledger, history, metrics, connection, apiKeys, tls }: Dependencies,
  /** Where somebody is led who gives the address alone. */
  start: string,
): void {
  const tags = ['service'];
  const config = { rateLimit: false } as const;

  app.get('/', { config, schema: { hide: true } }, async (_request, reply) => reply.redirect(start));

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

  const readiness = new WatchedReadiness(ledger, metrics);
  app.get('/readyz', {
    config,
    schema: {
      operationId: 'getReadiness',
      tags,
      summary:
        'Whether this gateway can work: its peer, the chaincode, endorsements, and committed transactions.',
      description:
        'Asks for an endorsement, not only for a port, and says what is missing. Where the organisation has two peers, ' +
        '`serving` says which one serves. `chaincode` is about the own peers: others would answer in their place. ' +
        '`commit` says when the channel stops: orderers accepted a transaction, and no block has come since; or too few orderers work, which are asked for their newest block every few seconds. ' +
        '`history` is there where something is wrong with the ledger itself, as two blocks of one number: ' +
        'GET /v1/attention says more; and while an index that was changed is made again. `connection` is ' +
        'there while the connection file, or one that it names, does not fit, `api-keys` while the file of API keys ' +
        'is broken, `tls` while the files of TLS are. Public.',
      response: {
        200: { ...Readiness, description: 'It can work.', examples: [READY] },
        503: { ...Readiness, description: 'It cannot; checks say why.', examples: [NOT_READY] },
      },
    },
    handler: async (_request, reply) => {
      const checks = [
        ...(await readiness.within(READINESS_KEPT_MS)),
        ...historyCheck(history),
        ...connectionCheck(connection),
        ...keysCheck(apiKeys),
        ...tlsCheck(tls),
      ];
      const ready = checks.every(({ problem }) => problem === undefined);
      if (!ready) reply.header('retry-after', '2');
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
    },
  });

  app.get(routeUrl(GATEWAY_PATHS.metricsOfAccounts), {
    config: { roles },
    schema: {
      operationId: 'getMetricsOfAccounts',
      tags,
      summary: "What is left of each own privacy account, in Prometheus' text format.",
      description:
        'Names populations, and so needs a key, unlike `/metrics`: let Prometheus send it as its bearer token. From ' +
        'the blocks that this gateway checked; empty until it has.\n\nNeeds any role.',
      security: [{ apiKey: [] }],
      response: {
        200: {
          description: 'The figures.',
          content: { 'text/plain': { schema: Type.String({ examples: [ACCOUNT_LINE] }) } },
        },
        ...problemResponses([
          'REQUEST_MALFORMED',
          'UNAUTHENTICATED',
          'SCOPE_REQUIRED',
          'RATE_LIMITED',
          'GATEWAY_INTERNAL',
        ]),
      },
    },
    handler: async (_request, reply) =>
      reply.type(metrics.registryOfKeys.contentType).send(await metrics.registryOfKeys.metrics()),
  });

  app.get('/metrics', {
    config,
    schema: {
      operationId: 'getMetrics',
      tags,
      summary: "Figures in Prometheus' text format.",
      description:
        'Durations by route and by ledger transaction, retries, unknown outcomes, streams; whether the gateway can ' +
        'work, the orderers, the height of the own peer, transactions whose outcome is not known, and when certificates end, as they were at most half a minute ago. Public.',
      response: {
        200: {
          description: 'The figures.',
          content: {
            'text/plain': { schema: Type.String({ examples: ['consilium_event_streams 1\n'] }) },
          },
        },
      },
    },
    handler: async (_request, reply) => {
      // The answer does not wait for a peer that may be silent: the next one says what was found.
      readiness
        .within(READINESS_OF_METRICS_KEPT_MS)
        .catch((err: unknown) => app.log.warn({ err }, 'not asked'));
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    },
  });
}
