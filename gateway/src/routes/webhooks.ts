// Events of the ledger, sent to the hospital's own systems: the routes that register webhooks and look after them.
import { GATEWAY_PATHS, Id, ROLES, type Role, Strict, TRANSACTIONS, Words } from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TObject, type TProperties, Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import type { ApiKey } from '../http/api-keys.ts';
import { needsOf, problemResponses } from '../http/documentation.ts';
import type { ProblemCode } from '../http/problem.ts';
import { routeUrl } from '../http/route-url.ts';
import type { DeadLetter } from '../webhooks/kept-webhooks.ts';
import type { NewWebhook, RunningWebhook } from '../webhooks/webhooks.ts';

const roles: readonly Role[] = ROLES;
const EVENTS = [...new Set(TRANSACTIONS.flatMap(({ event }) => event ?? []))];
const OVERLAP_SECONDS = 86_400;
const PAGE_SIZE = 100;

const WEBHOOK_ID = '5f0c9a526d0b4c3f';
const EVENT_ID = '42:5b1f6a1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c';
const WebhookId = Strict({ webhookId: Type.String({ pattern: '^[0-9a-f]{16}$' }) });
const EventId = Type.String({ pattern: '^[0-9]{1,15}:[0-9a-f]{64}$', description: 'BLOCK:TRANSACTION' });
const blockNumber = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
/** The schema of a body, with an example. */
const bodyOf = (properties: TProperties, example: object) =>
  Type.Object(properties, { additionalProperties: false, examples: [example] });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()]);

const EXAMPLE = {
  webhookId: WEBHOOK_ID,
  url: 'https://siem.hospital.example/consilium',
  events: ['UpdateRecorded', 'RoundFinalized'],
  studyId: null,
  registeredBy: 'siem',
  createdAt: '2026-11-29T10:00:00.000Z',
  state: 'delivering',
  problem: null,
  failedAttempts: 0,
  nextAttemptAt: null,
  position: { blockNumber: 42, afterTransactionId: null },
  deadLetters: 0,
  oldSecretEndsAt: null,
};
const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD3D3Q8hZ7fDo=';

const FIELDS = {
  webhookId: Type.String(),
  url: Type.String(),
  events: Nullable(Type.Array(Type.String(), { description: 'Names of events.' })),
  studyId: Nullable(Type.String()),
  registeredBy: Type.String({ description: 'Id of the API key that registered it, then.' }),
  createdAt: Type.String(),
  state: Type.Enum(['delivering', 'retrying', 'stopped', 'refused'], {
    description:
      'retrying: the last attempt failed. stopped: the other side wants no more (410); replay starts it again. ' +
      'refused: the API key that registered it, or the host, is not allowed any more, so that nothing is sent.',
  }),
  problem: Nullable(Type.String({ description: 'What went wrong last.' })),
  failedAttempts: Type.Integer({ description: 'Of the event at hand.' }),
  nextAttemptAt: Nullable(Type.String()),
  position: Type.Object(
    { blockNumber: Type.Integer(), afterTransactionId: Nullable(Type.String()) },
    { description: 'Everything before it was delivered, left out or set aside.' },
  ),
  deadLetters: Type.Integer({ description: 'Events that were set aside after all attempts.' }),
  oldSecretEndsAt: Nullable(Type.String({ description: 'Until then the secret before signs as well.' })),
};
const Shown = Type.Object(FIELDS, { examples: [EXAMPLE] });
const ShownWithSecret = Type.Object(
  { ...FIELDS, secret: Type.String({ description: 'Shown this once.' }) },
  { examples: [{ ...EXAMPLE, secret: SECRET }] },
);

const EXAMPLE_LETTER = {
  eventId: EVENT_ID,
  event: 'UpdateRecorded',
  blockNumber: 42,
  transactionId: EVENT_ID.slice(3),
  attempts: 12,
  problem: 'it answers 500',
  lastAttemptAt: '2026-11-29T11:10:00.000Z',
  isAsked: false,
};
const Letters = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        eventId: Type.String(),
        event: Type.String(),
        blockNumber: Type.Integer(),
        transactionId: Type.String(),
        attempts: Type.Integer(),
        problem: Type.String(),
        lastAttemptAt: Type.String(),
        isAsked: Type.Boolean({ description: 'It is about to be tried again.' }),
      }),
    ),
    bookmark: Type.Optional(Type.String({ description: 'Where the next page begins; absent on the last.' })),
  },
  { examples: [{ items: [EXAMPLE_LETTER] }] },
);

const ANY = [
  'INVALID_ARGUMENT',
  'REQUEST_MALFORMED',
  'UNAUTHENTICATED',
  'RATE_LIMITED',
  'GATEWAY_INTERNAL',
] as const;
const CHANGES = [
  ...ANY,
  'MALFORMED_BODY',
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'SCOPE_REQUIRED',
  'WEBHOOKS_UNAVAILABLE',
] as const satisfies readonly ProblemCode[];

/** What all of these routes have in common. */
const route = (of: { operationId: string; summary: string; description: string }) => ({
  ...of,
  tags: ['webhooks'],
  description: `${of.description}\n\n${needsOf(roles)}`,
  security: [{ apiKey: [] }],
});
const answer = (status: number, schema: TObject, description: string, codes: readonly ProblemCode[]) => ({
  [status]: { ...schema, description },
  ...problemResponses(codes),
});

const instant = (ms: number): string => new Date(ms).toISOString();

function shown({ webhook, status, deadLetters }: RunningWebhook) {
  const { position, oldSecret } = webhook;
  return {
    webhookId: webhook.webhookId,
    url: webhook.url,
    events: webhook.events ?? null,
    studyId: webhook.studyId ?? null,
    registeredBy: webhook.registeredBy,
    createdAt: instant(webhook.createdAtMs),
    state: status.state,
    problem: status.problem ?? null,
    failedAttempts: status.attempts,
    nextAttemptAt: status.nextAttemptAtMs === undefined ? null : instant(status.nextAttemptAtMs),
    position: { blockNumber: position.blockNumber, afterTransactionId: position.afterTransactionId ?? null },
    deadLetters,
    oldSecretEndsAt:
      oldSecret === undefined || oldSecret.untilMs <= Date.now() ? null : instant(oldSecret.untilMs),
  };
}

const shownLetter = ({
  eventId,
  event,
  blockNumber,
  transactionId,
  attempts,
  problem,
  atMs,
  isAsked,
}: DeadLetter) => ({
  ...{ eventId, event, blockNumber, transactionId, attempts, problem },
  lastAttemptAt: instant(atMs),
  isAsked,
});

function callerOf({ apiKey, routeOptions }: FastifyRequest): ApiKey {
  if (apiKey === null) throw new Error(`${routeOptions.url} asks for a role and names none`);
  return apiKey;
}
const idOf = ({ params }: FastifyRequest): string => (params as { webhookId: string }).webhookId;

/** A secret is in no cache. */
function once(reply: FastifyReply, running: RunningWebhook) {
  reply.header('cache-control', 'no-store');
  return { ...shown(running), secret: running.webhook.secret };
}

export function addWebhookRoutes(app: FastifyInstance, { webhooks, limits }: Dependencies): void {
  const config = { roles };
  // Each is on disk before anything else is done here, and a replay has the peer begin again.
  const max = Math.min(limits.webhookChangesPerMinute, limits.requestsPerMinute);
  const changing = { ...config, rateLimit: { max } };

  app.post(routeUrl(GATEWAY_PATHS.webhooks), {
    config: { ...changing, needs: 'a key' },
    schema: {
      ...route({
        operationId: 'registerWebhook',
        summary: 'Sends events of the ledger to an address of the hospital, each at least once.',
        description:
          'The address needs https and a host that the operator allows. Each event is a POST of ' +
          '`{ "id", "type", "data" }`, signed as Standard Webhooks have it (`webhook-id`, `webhook-timestamp`, ' +
          '`webhook-signature`) with the secret of this answer, which is shown once. An answer of 2xx takes it. Otherwise ' +
          'it is sent again with growing pauses; then it is a dead letter, and the next one comes. `webhook-id` is the id ' +
          'that GET /v1/events has, the same in every attempt. Nothing is sent once the API key is revoked.',
      }),
      body: bodyOf(
        {
          url: Type.String({ minLength: 1, maxLength: 2_000, description: 'Begins with https:' }),
          events: Type.Optional(
            Type.Array(Words(EVENTS), {
              minItems: 1,
              maxItems: EVENTS.length,
              description: 'All where absent.',
            }),
          ),
          studyId: Type.Optional(Id),
          from: Type.Optional(
            blockNumber(
              'Number of the first block whose events are sent (0: all); the next one where absent.',
            ),
          ),
        },
        { url: EXAMPLE.url, events: EXAMPLE.events, from: 0 },
      ),
      response: answer(201, ShownWithSecret, 'Registered.', [
        ...CHANGES,
        'API_KEY_REQUIRED',
        'WEBHOOK_TARGET_REFUSED',
        'TOO_MANY_WEBHOOKS',
        'LEDGER_UNAVAILABLE',
        'LEDGER_TIMEOUT',
        'LEDGER_REFUSED',
        'IDENTITY_MISSING',
      ]),
    },
    handler: async (request, reply) => {
      const running = await webhooks.register(request.body as NewWebhook, callerOf(request));
      request.log.info({ webhookId: running.webhook.webhookId }, 'a webhook is registered');
      return reply.code(201).send(once(reply, running));
    },
  });

  app.get(routeUrl(GATEWAY_PATHS.webhooks), {
    config,
    schema: {
      ...route({
        operationId: 'listWebhooks',
        summary: 'The webhooks of this API key; for an operator, of all.',
        description: 'Without secrets. With what each does now, and what went wrong last.',
      }),
      response: answer(
        200,
        Type.Object({ items: Type.Array(Shown) }, { examples: [{ items: [EXAMPLE] }] }),
        'Found.',
        [...ANY, 'SCOPE_REQUIRED'],
      ),
    },
    handler: async (request) => ({ items: webhooks.list(callerOf(request), 'visible').map(shown) }),
  });

  app.get(routeUrl(GATEWAY_PATHS.webhook), {
    config,
    schema: {
      ...route({
        operationId: 'getWebhook',
        summary: 'One webhook: up to where it delivered, and what it does now.',
        description: 'Without its secret.',
      }),
      params: WebhookId,
      response: answer(200, Shown, 'Found.', [...ANY, 'SCOPE_REQUIRED', 'WEBHOOK_NOT_FOUND']),
    },
    handler: async (request) => shown(webhooks.get(idOf(request), callerOf(request))),
  });

  app.delete(routeUrl(GATEWAY_PATHS.webhook), {
    config: changing,
    schema: {
      ...route({
        operationId: 'removeWebhook',
        summary: 'Removes a webhook, with its dead letters: nothing more is sent.',
        description: 'Its owner may, and an operator.',
      }),
      params: WebhookId,
      response: {
        204: { type: 'null', description: 'Removed.' },
        ...problemResponses([...CHANGES, 'WEBHOOK_NOT_FOUND']),
      },
    },
    handler: async (request, reply) => {
      await webhooks.remove(idOf(request), callerOf(request));
      request.log.info({ webhookId: idOf(request) }, 'a webhook is removed');
      return reply.code(204).send();
    },
  });

  app.post(routeUrl(GATEWAY_PATHS.webhookReplay), {
    config: changing,
    schema: {
      ...route({
        operationId: 'replayWebhook',
        summary: 'Sends all events again from a block on, under the ids they had.',
        description: 'A webhook that was stopped by an answer of 410 goes on.',
      }),
      params: WebhookId,
      body: bodyOf({ from: blockNumber('Number of the first block.') }, { from: 0 }),
      response: answer(200, Shown, 'It goes on from there.', [...CHANGES, 'WEBHOOK_NOT_FOUND']),
    },
    handler: async (request) => {
      const { from } = request.body as { from: number };
      return shown(webhooks.replay(idOf(request), callerOf(request), { blockNumber: from }));
    },
  });

  app.post(routeUrl(GATEWAY_PATHS.webhookSecret), {
    config: changing,
    schema: {
      ...route({
        operationId: 'rotateWebhookSecret',
        summary: 'Gives a webhook a new secret; the one before signs as well for a while.',
        description:
          'Until then each event has two signatures, so that the receiver can change at any moment. Only the last ' +
          'two secrets count: one that was replaced twice ends at once.',
      }),
      params: WebhookId,
      body: bodyOf(
        {
          overlapSeconds: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 30 * OVERLAP_SECONDS,
              description: `${OVERLAP_SECONDS} where absent.`,
            }),
          ),
        },
        { overlapSeconds: OVERLAP_SECONDS },
      ),
      response: answer(200, ShownWithSecret, 'With the new secret.', [...CHANGES, 'WEBHOOK_NOT_FOUND']),
    },
    handler: async (request, reply) => {
      const { overlapSeconds = OVERLAP_SECONDS } = request.body as { overlapSeconds?: number };
      const running = webhooks.rotateSecret(idOf(request), callerOf(request), overlapSeconds * 1000);
      request.log.info({ webhookId: idOf(request) }, 'a webhook has a new secret');
      return once(reply, running);
    },
  });

  app.get(routeUrl(GATEWAY_PATHS.webhookDeadLetters), {
    config,
    schema: {
      ...route({
        operationId: 'listDeadLetters',
        summary: 'Events that could not be delivered, oldest first.',
        description:
          'They are on the ledger all the same. In pages: pass the bookmark of one page to get the next.',
      }),
      params: WebhookId,
      querystring: Strict({
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: PAGE_SIZE, description: `${PAGE_SIZE} where absent.` }),
        ),
        bookmark: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
      }),
      response: answer(200, Letters, 'Found.', [...ANY, 'SCOPE_REQUIRED', 'WEBHOOK_NOT_FOUND']),
    },
    handler: async (request) => {
      const { limit = PAGE_SIZE, bookmark = '0' } = request.query as { limit?: number; bookmark?: string };
      const page = { after: Number(bookmark), limit: limit + 1 };
      const found = webhooks.deadLetters(idOf(request), callerOf(request), page);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items: items.map(shownLetter),
        ...(found.length > limit && last !== undefined && { bookmark: String(last.number) }),
      };
    },
  });

  app.post(routeUrl(GATEWAY_PATHS.webhookRedelivery), {
    config: changing,
    schema: {
      ...route({
        operationId: 'redeliverDeadLetters',
        summary: 'Tries dead letters once more: those that are named, or all.',
        description: 'Those that are delivered leave the list. The others stay in it.',
      }),
      params: WebhookId,
      body: bodyOf(
        { eventIds: Type.Optional(Type.Array(EventId, { minItems: 1, maxItems: PAGE_SIZE })) },
        { eventIds: [EVENT_ID] },
      ),
      response: answer(
        200,
        Type.Object(
          { asked: Type.Integer({ description: 'How many are tried.' }) },
          { examples: [{ asked: 1 }] },
        ),
        'They are tried now.',
        [...CHANGES, 'WEBHOOK_NOT_FOUND'],
      ),
    },
    handler: async (request) => {
      const { eventIds } = request.body as { eventIds?: readonly string[] };
      return { asked: webhooks.redeliver(idOf(request), callerOf(request), eventIds) };
    },
  });
}
