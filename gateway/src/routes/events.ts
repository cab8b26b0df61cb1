// The ledger's events, pushed.
import { Readable } from 'node:stream';
import { GATEWAY_PATHS, Id, ROLES, type Role, Strict } from '@consilium/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import type { EventPosition, LedgerEvent } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { eventStream, positionAfter } from '../http/event-stream.ts';
import { routeUrl } from '../http/route-url.ts';
import { EVALUATE_CODES } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;

const STALLED_HEARTBEATS = 4;

const EXAMPLE = [
  'id: 42:5b1f6a1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c',
  'event: RoundOpened',
  'data: {"round":1,"studyId":"heart-2026","blockNumber":42,"transactionId":"5b1f6a1c…"}',
  '',
  '',
].join('\n');

export function addEventRoutes(
  app: FastifyInstance,
  { events: shared, metrics, limits }: Dependencies,
): void {
  let open = 0;
  let openOfOthers = 0;
  const openOfKey = new Map<string, number>();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get(routeUrl(GATEWAY_PATHS.events), {
    config: { roles, outOfTurn: true },
    schema: {
      operationId: 'streamEvents',
      tags: ['ledger'],
      summary: 'Events of the ledger as they commit, as server-sent events.',
      description:
        'Each event has an id; a client that comes back with `Last-Event-ID` misses none and gets none twice. ' +
        'Without it the stream starts with the next block, or at block `from` (0 replays everything). Comment ' +
        'lines keep idle connections open.\n\nNeeds any role.',
      security: [{ apiKey: [] }],
      querystring: Strict({
        studyId: Type.Optional(Id),
        from: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            description: 'Number of the first block, such as 42; Last-Event-ID counts more.',
          }),
        ),
      }),
      headers: Type.Object({
        'last-event-id': Type.Optional(
          Type.String({ maxLength: 100, description: 'Id of the last event seen.' }),
        ),
      }),
      response: {
        200: {
          description: 'The stream.',
          content: { 'text/event-stream': { schema: Type.String({ examples: [EXAMPLE] }) } },
        },
        ...problemResponses([...EVALUATE_CODES, 'TOO_MANY_STREAMS']),
      },
    },
    handler: async (request, reply) => {
      const { studyId } = request.query as { studyId?: string };
      const { id: keyId = '', role } = request.apiKey ?? {};
      const { sessionEnds } = request;
      // Windows of a browser take nothing away from the program that the key is for.
      const id = sessionEnds === null ? keyId : `console of ${keyId}`;
      const others = role === 'trainer' && sessionEnds === null ? 0 : 1;
      const ofKey = openOfKey.get(id) ?? 0;
      if (ofKey >= limits.eventStreamsPerKey) {
        throw new GatewayRefusal(
          'TOO_MANY_STREAMS',
          `This API key has ${ofKey} event streams open: close some.`,
        );
      }
      const leftToOthers = Math.max(1, limits.eventStreams - limits.trainerEventStreams);
      if (open >= limits.eventStreams || (others === 1 && openOfOthers >= leftToOthers)) {
        throw new GatewayRefusal('TOO_MANY_STREAMS');
      }
      const gone = new AbortController();
      const signal = AbortSignal.any([gone.signal, closing.signal, sessionEnds ?? []].flat());
      open += 1;
      openOfOthers += others;
      openOfKey.set(id, ofKey + 1);
      metrics.eventStreams.set(open);
      reply.raw.once('close', () => {
        open -= 1;
        openOfOthers -= others;
        const left = (openOfKey.get(id) ?? 1) - 1;
        if (left === 0) openOfKey.delete(id);
        else openOfKey.set(id, left);
        metrics.eventStreams.set(open);
        gone.abort();
      });
      const from = startOf(request) ?? { blockNumber: await shared.height() };
      // A reader that takes nothing, not even heartbeats, gives its place to another.
      request.raw.socket.setTimeout(limits.heartbeatMs * STALLED_HEARTBEATS, () => reply.raw.destroy());
      const wanted = (event: LedgerEvent) => studyId === undefined || studyOf(event) === studyId;
      const events = shared.events({ from, signal });
      const allowed = () => {
        const holds = request.keyHolds?.() === true;
        // What the ledger has not sent yet is waited for no more.
        if (!holds) gone.abort();
        return holds;
      };
      const stream = eventStream({ events, wanted, allowed, heartbeatMs: limits.heartbeatMs, signal });
      reply.header('content-type', 'text/event-stream; charset=utf-8');
      reply.header('cache-control', 'no-store');
      // A connection that served a stream is not kept: a gateway that ends would wait for it.
      reply.header('connection', 'close');
      reply.header('x-accel-buffering', 'no');
      // One event at a time: what the socket does not take is not read from the ledger.
      return reply.send(Readable.from(stream, { objectMode: true, highWaterMark: 1 }));
    },
  });
}

function startOf(request: FastifyRequest): EventPosition | undefined {
  const lastEventId = request.headers['last-event-id'];
  if (typeof lastEventId === 'string' && lastEventId !== '') return positionAfter(lastEventId);
  const { from } = request.query as { from?: number };
  return from === undefined ? undefined : { blockNumber: from };
}

const studyOf = ({ payload }: LedgerEvent): unknown => (payload as { studyId?: unknown } | null)?.studyId;
