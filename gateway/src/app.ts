// Builds the service from what it is given; main.ts listens. The wiring is written out here.

import type { ServerOptions as HttpOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { Tracer } from '@consilium/traces';
import rateLimit from '@fastify/rate-limit';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Limits } from './config.ts';
import { type ConsoleGiven, openConsole } from './console/console.ts';
import type { Dependencies, TrainerAddress, WatchedFile } from './dependencies.ts';
import type { Ledger } from './fabric/ledger.ts';
import { SharedEvents } from './fabric/shared-events.ts';
import { GatewayRefusal } from './gateway-errors.ts';
import { HistoryMetrics } from './history-metrics.ts';
import type { AccessTokens } from './http/access-tokens.ts';
import type { ApiKeys } from './http/api-keys.ts';
import { authenticate } from './http/authentication.ts';
import { compressAnswers } from './http/compression.ts';
import { addressGroup, Connections, proxyList } from './http/connection-limits.ts';
import { type CrossOrigin, shareWithOrigins } from './http/cross-origin.ts';
import { addDocumentation } from './http/documentation.ts';
import { tagAnswers } from './http/entity-tag.ts';
import { limitFailures, limitRefusals } from './http/failure-limit.ts';
import { answerBrokenRequest, keepHttpRules, originForm, refuseUnknownRoutes } from './http/http-rules.ts';
import { handleProblems, sendProblem } from './http/problem.ts';
import { nameRequests } from './http/request-id.ts';
import { takeTurns } from './http/requests-in-turn.ts';
import { SIGNED_IN_PATH } from './http/sign-in-settings.ts';
import type { TlsListener } from './http/tls-listener.ts';
import { OWN_COMPILERS } from './http/validator-compiler.ts';
import { createMetrics } from './metrics.ts';
import { Operations } from './operations/operations.ts';
import type { Outbox } from './outbox/outbox.ts';
import { Submissions } from './outbox/submissions.ts';
import type { WatchedHistory } from './read-model/index-in-thread.ts';
import { NO_HISTORY } from './read-model/no-history.ts';
import { ACTIVITY_ROUTES } from './routes/activities.ts';
import { addApiKeyRoutes } from './routes/api-keys.ts';
import { AUDIT_ROUTES } from './routes/audit.ts';
import { addComplianceRoutes } from './routes/compliance.ts';
import { DATASET_ROUTES } from './routes/datasets.ts';
import { addEventRoutes } from './routes/events.ts';
import { addEvidenceRoutes } from './routes/evidence.ts';
import { addLedgerStateRoutes } from './routes/ledger.ts';
import { addLedgerRoutes, pathOf } from './routes/ledger-route.ts';
import { addLocalRoutes } from './routes/local.ts';
import { MEMBER_ROUTES } from './routes/members.ts';
import { MODEL_ROUTES } from './routes/models.ts';
import { MOTION_ROUTES } from './routes/motions.ts';
import { addOperationRoutes } from './routes/operations.ts';
import { POLICY_ROUTES } from './routes/policies.ts';
import { POPULATION_ROUTES } from './routes/populations.ts';
import { ROUND_RECORD_ROUTES } from './routes/round-records.ts';
import { ROUND_ROUTES } from './routes/rounds.ts';
import { addServiceRoutes } from './routes/service.ts';
import { CONSENT_ROUTES, STUDY_ROUTES } from './routes/studies.ts';
import { addUnsignedTransactionRoutes } from './routes/unsigned-transactions.ts';
import { addWebhookRoutes } from './routes/webhooks.ts';
import { addWitnessRoutes } from './routes/witness.ts';
import { tracedLedger, traceRequests } from './tracing/trace-requests.ts';
import { KeptWebhooks } from './webhooks/kept-webhooks.ts';
import type { SendWebhook } from './webhooks/send-webhook.ts';
import { NO_TARGETS, type WebhookTargets } from './webhooks/webhook-targets.ts';
import { Webhooks } from './webhooks/webhooks.ts';
import { type WitnessExchange, witnessesByHand } from './witnesses/witness-exchange.ts';

/** How often connections are looked at for timeouts. */
const CHECKING_INTERVAL_MS = 5_000;
const CLOSE_WITHIN_MS = 10_000;

export const LEDGER_ROUTES = [
  ...MEMBER_ROUTES,
  ...POPULATION_ROUTES,
  ...DATASET_ROUTES,
  ...STUDY_ROUTES,
  ...CONSENT_ROUTES,
  ...MOTION_ROUTES,
  ...ROUND_ROUTES,
  ...ROUND_RECORD_ROUTES,
  ...MODEL_ROUTES,
  ...AUDIT_ROUTES,
  ...POLICY_ROUTES,
  ...ACTIVITY_ROUTES,
].map((route) => ({ ...route, path: pathOf(route) }));

/** What webhooks need beside what the service has. */
export interface WebhooksGiven {
  readonly kept: KeptWebhooks;
  readonly send: SendWebhook;
  /** None may be registered if absent. */
  readonly targets?: WebhookTargets;
  /** Pauses before attempts, for tests. */
  readonly pauseMs?: (failed: number) => number;
}

const noWebhooks = (): WebhooksGiven => ({
  kept: new KeptWebhooks(),
  send: async () => ({ delivered: false, problem: 'this gateway sends no webhooks' }),
});

export interface AppOptions {
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  /** What was checked of the channel; nothing if absent. */
  readonly history?: WatchedHistory | undefined;
  /** What gateways of other hospitals saw, where it is not only brought by hand. Closing the service closes it. */
  readonly witnesses?: WitnessExchange | undefined;
  /** Of the listener for those gateways, whose end metrics say. */
  readonly witnessTls?: TlsListener | undefined;
  readonly apiKeys: ApiKeys;
  /** Whether operators may make API keys over REST; they may not if absent. */
  readonly apiKeysByRest?: boolean;
  /** Access tokens of an OpenID provider; none are taken if absent. */
  readonly tokens?: AccessTokens | undefined;
  /** None may be registered if absent. Closing the service closes them. */
  readonly webhooks?: WebhooksGiven;
  /** The connection file, where it is looked at again while the gateway serves. */
  readonly connection?: WatchedFile | undefined;
  /** Plain HTTP if absent. */
  readonly tls?: TlsListener | undefined;
  /** Nothing is traced if absent. Closing the service closes it. */
  readonly tracer?: Tracer | undefined;
  readonly trainer: TrainerAddress | undefined;
  readonly limits: Limits;
  /** Addresses or networks of proxies in front; none if absent. */
  readonly proxies?: readonly string[];
  /** Pages of which other origins may use this service in a browser; none if absent. */
  readonly crossOrigin?: CrossOrigin | undefined;
  /** Not served if absent. */
  readonly console?: ConsoleGiven | undefined;
  /** Where to log; nowhere if absent. */
  readonly logger?: FastifyBaseLogger;
  readonly metricsOfProcess?: boolean;
  /** How long what is in flight has to end once the service closes; ten seconds if absent. */
  readonly closeWithinMs?: number;
  /** PEM by the name of the client, whose ends metrics say; none if absent. */
  readonly certificates?: () => Readonly<Record<string, string>>;
}

/** Of the server that listens, with TLS or without. */
function listenerOptions({ limits, tls }: AppOptions): { http: HttpOptions } {
  const http: HttpOptions = {
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECKING_INTERVAL_MS, limits.headersTimeoutMs),
    // Checked with the other rules, since Node's own answer to it says nothing.
    requireHostHeader: false,
  };
  if (tls === undefined) return { http };
  // Fastify's types tell the two servers apart; nothing here does.
  return { https: { ...http, ...tls.options(limits.headersTimeoutMs) } } as unknown as { http: HttpOptions };
}

/** The service, ready to inject into or to listen. Closing it closes the ledger, its history and the outbox. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { outbox, apiKeys, trainer, limits, tls, tracer } = options;
  const ledger = tracer === undefined ? options.ledger : tracedLedger(options.ledger, tracer);
  const proxies = [...(options.proxies ?? [])];
  const connections = new Connections(limits, proxyList(proxies));
  const app = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    // One line a request, written below, instead of Fastify's two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    // How long a start takes is the machine's matter: ten seconds of a very busy one are none.
    pluginTimeout: 0,
    requestIdHeader: false,
    genReqId: () => crypto.randomUUID(),
    forceCloseConnections: 'idle',
    // Refused below, as a problem.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    trustProxy: proxies.length > 0 && proxies,
    requestTimeout: limits.requestTimeoutMs,
    ...listenerOptions(options),
    rewriteUrl: ({ url = '/' }) => originForm(url),
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request as FastifyRequest, reply as FastifyReply);
    },
    clientErrorHandler: (error, socket) =>
      answerBrokenRequest(error, socket, {
        inFlight: connections.inFlightOn(socket as Socket),
        log: app.log,
        lines: app.floodLines,
      }),
    schemaController: OWN_COMPILERS,
  });
  nameRequests(app);
  connections.watch(app);
  if (tls !== undefined) {
    tls.watch(app.server as unknown as TlsServer);
    app.server.on('tlsClientError', ({ code }: NodeJS.ErrnoException) => app.log.debug({ code }, 'no TLS'));
  }
  if (tracer !== undefined) traceRequests(app, tracer);
  acceptEmptyJson(app);
  const closing = endConnectionsOnClose(app, options.closeWithinMs ?? CLOSE_WITHIN_MS);

  const history = options.history ?? NO_HISTORY;
  const figures = new HistoryMetrics(history, ledger.mspId, (err) =>
    app.log.warn({ err }, 'metrics lack what the history says'),
  );
  const witnesses = options.witnesses ?? witnessesByHand({ ledger, history });
  const metrics = createMetrics({
    ofProcess: options.metricsOfProcess ?? false,
    history,
    apiKeys,
    connection: options.connection,
    tls,
    figures: () => figures.figures(),
    accounts: () => figures.accounts(),
    outbox,
    witnesses: () => witnesses.status(),
    witnessTls: options.witnessTls,
    ...(options.certificates !== undefined && { certificates: options.certificates }),
  });
  const { targets = NO_TARGETS, ...given } = options.webhooks ?? noWebhooks();
  const events = new SharedEvents(ledger);
  const webhooks = new Webhooks({
    ...given,
    ...{ ledger: events, apiKeys, targets, limits, log: app.log },
    onOutcome: (outcome) => metrics.webhookAttempts.inc({ outcome }),
  });
  metrics.watchWebhooks(webhooks);
  witnesses.onRefusal = (mspId, reason) => metrics.witnessRefusals.inc({ mspId, reason });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    // What a provider sends a browser back with is a secret for a moment.
    const url = routeOptions.url === SIGNED_IN_PATH ? SIGNED_IN_PATH : request.url;
    const route = routeOptions.url ?? 'none';
    const status = String(reply.statusCode);
    metrics.requests.observe({ method, route, status }, reply.elapsedTime / 1000);
    const key = request.apiKey?.id;
    const line = { method, url, status: reply.statusCode, key, ms: Math.round(reply.elapsedTime) };
    // A flood is counted in the metrics, and must not fill the disk.
    if (reply.statusCode === 429) request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
  const submissions = new Submissions({
    ledger,
    outbox,
    metrics,
    log: app.log,
    recoveryTimeoutMs: limits.recoveryTimeoutMs,
  });
  const operations = new Operations();
  app.addHook('onReady', async () => {
    submissions.startRecovery();
    webhooks.start();
  });
  app.addHook('onClose', async () => {
    tls?.close();
    // Deadlines of the ledger may be long. What was sent is in the outbox, and what was not is never sent.
    const ended = Promise.all([webhooks.close(), operations.close(), submissions.close()]);
    await Promise.all([Promise.race([ended, closing.late]), witnesses.close().then(() => history.close())]);
    await ledger.close();
    await tracer?.close();
    outbox.close();
    closing.done();
  });

  await app.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ apiKey, ip }) => (apiKey === null ? addressGroup(ip) : `key ${apiKey.id}`),
    errorResponseBuilder: () => new GatewayRefusal('RATE_LIMITED'),
  });
  const unknown = limitFailures(app, limits);
  const forbidden = limitRefusals(app, limits);
  if (options.crossOrigin !== undefined) shareWithOrigins(app, options.crossOrigin);
  // Before a client that waits for leave to send its body gets it.
  takeTurns(app, limits);
  keepHttpRules(app, unknown);
  const refusals = { unknown, forbidden, onKnown: ({ raw }: FastifyRequest) => connections.know(raw) };
  const console =
    options.console &&
    openConsole(app, options.console, {
      apiKeys,
      tokens: options.tokens,
      limits,
      mspId: ledger.mspId,
      history,
      metrics,
    });
  authenticate(app, { keys: apiKeys, tokens: options.tokens, cookies: console?.callers }, refusals);
  handleProblems(app);
  refuseUnknownRoutes(app, forbidden);
  tagAnswers(app);
  compressAnswers(app);
  await addDocumentation(app);

  const dependencies: Dependencies = {
    ledger,
    events,
    submissions,
    operations,
    history,
    witnesses,
    apiKeys,
    connection: options.connection,
    webhooks,
    tls,
    metrics,
    trainer,
    limits,
  };
  addLedgerRoutes(app, dependencies, LEDGER_ROUTES);
  addUnsignedTransactionRoutes(app, dependencies);
  addLedgerStateRoutes(app, dependencies);
  addOperationRoutes(app, dependencies);
  addComplianceRoutes(app, dependencies);
  addEvidenceRoutes(app, dependencies);
  await addWitnessRoutes(app, dependencies);
  addEventRoutes(app, dependencies);
  addWebhookRoutes(app, dependencies);
  addApiKeyRoutes(app, dependencies, {
    byRest: options.apiKeysByRest ?? false,
    signers: options.certificates && (() => Object.keys(options.certificates!())),
    onChange: () => console?.sessions.review(),
  });
  await addLocalRoutes(app, dependencies);
  addServiceRoutes(app, dependencies, console?.isBuilt ? '/console/' : '/documentation');
  console?.addRoutes(unknown);
  await app.ready();
  return app;
}

interface Closing {
  /** Resolves when what is in flight has had its time. */
  readonly late: Promise<void>;
  readonly done: () => void;
}

/**
 * A connection kept alive past its last answer would hold up the end of the process for over a minute, and so
 * would one on which nothing was asked yet, which Node does not count as idle. Others are cut off when they are late.
 */
function endConnectionsOnClose(app: FastifyInstance, withinMs: number): Closing {
  const late = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  let closing = false;
  let inFlight = 0;
  app.addHook('onRequest', async () => {
    if (closing) throw new GatewayRefusal('GATEWAY_CLOSING');
  });
  const endUnlessAsked = () => {
    if (closing && inFlight === 0) app.server.closeAllConnections();
  };
  app.addHook('onRequest', async (_request, reply) => {
    inFlight += 1;
    reply.raw.once('close', () => {
      inFlight -= 1;
      setImmediate(endUnlessAsked);
    });
  });
  app.addHook('preClose', async () => {
    closing = true;
    setImmediate(endUnlessAsked);
    timer = setTimeout(() => {
      app.server.closeAllConnections();
      late.resolve();
    }, withinMs);
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    if (closing) reply.header('connection', 'close');
    return payload;
  });
  return { late: late.promise, done: () => clearTimeout(timer) };
}

/** Many clients declare JSON and send nothing, which is right where the path says everything. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body as string, done);
  });
}
