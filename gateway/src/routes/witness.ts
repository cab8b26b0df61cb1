// What this gateway saw of the ledger as a file for other hospitals, and theirs compared with it, by hand.
import { GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
import { parseStatement } from '@consilium/verify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { bearerOf } from '../http/api-keys.ts';
import { needsOf, problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import type { TakenStatement } from '../witnesses/witness-exchange.ts';
import { EVALUATE_CODES } from './ledger-route.ts';
import { shownHistory } from './verify-in-thread.ts';

const roles: readonly Role[] = ROLES;
const comparing: readonly Role[] = ['operator', 'auditor'];
const TYPE = 'application/x-ndjson';
const FIRST_LINE = '{"channel":"consortium","format":"consilium-history/1"}\n';
/** Configurations of many organisations over many years; files are compared one after the other. */
const BYTES_MAX = 8 * 1024 * 1024;
/** So many files, of so many bytes together, are in memory at once; of one key one. */
const WAITING_MAX = 8;
const WAITING_BYTES_MAX = 2 * BYTES_MAX;

const RESULTS = [
  'same',
  'ahead',
  'two',
  'other',
  'refused',
] as const satisfies readonly TakenStatement['result'][];
const Taken = Type.Object(
  {
    result: Type.Enum([...RESULTS], {
      description:
        'same: its gateway saw this history. ahead: it is kept until this gateway is there. two: orderers signed two ' +
        'histories, which is an alarm. other: another block, by orderers that are not known here. refused: it does ' +
        'not count.',
    }),
    text: Type.String({ description: 'The same in words.' }),
  },
  { examples: [{ result: 'same', text: 'BudapestMSP saw the same history up to block 42.' }] },
);

/** A scope of its own: only here a body is lines of JSON. */
export async function addWitnessRoutes(app: FastifyInstance, dependencies: Dependencies): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(TYPE, { parseAs: 'string' }, (_request, body, done) => done(null, body));
    addStatementRoute(scope, dependencies);
    addComparingRoute(scope, dependencies);
  });
}

function addStatementRoute(app: FastifyInstance, { witnesses }: Dependencies): void {
  app.get(routeUrl(GATEWAY_PATHS.witnessStatement), {
    config: { roles },
    schema: {
      operationId: 'getWitnessStatement',
      tags: ['ledger'],
      summary: 'What this gateway saw of the ledger, signed, as a file for another hospital.',
      description:
        'A block that this gateway checked, with the orderers’ signatures on its header, signed by the operator’s ' +
        'identity; and the configurations of the channel, so that `consilium-verify compare-histories` can check it ' +
        'without a ledger. `block` names one, so that two hospitals can speak of the same; it is the last otherwise.' +
        '\n\nNeeds any role.',
      security: [{ apiKey: [] }],
      querystring: Strict({
        block: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
      }),
      response: {
        200: {
          description: 'The file: a line of JSON for each part.',
          content: { [TYPE]: { schema: { type: 'string', examples: [FIRST_LINE] } } },
        },
        ...problemResponses([
          ...EVALUATE_CODES,
          'BLOCK_NOT_CHECKED',
          'IDENTITY_MISSING',
          'HISTORY_UNAVAILABLE',
          'EVIDENCE_UNPROVEN',
        ]),
      },
    },
    handler: async (request, reply) => {
      const { block } = request.query as { readonly block?: number };
      const file = await witnesses.own.file(block);
      reply.header('content-type', TYPE);
      reply.header('content-disposition', 'attachment; filename="witness-statement.ndjson"');
      return Buffer.from(file);
    },
  });
}

/** Files that are being received, wait to be compared, or are. */
class WaitingFiles {
  /** By who sends: as long as its sender says that the file is. */
  readonly #waiting = new Map<string, { readonly request: FastifyRequest; readonly bytes: number }>();

  /** @throws GatewayRefusal EVIDENCE_BUSY */
  take(request: FastifyRequest, { raw: response }: FastifyReply): void {
    const { apiKey, headers } = request;
    if (apiKey === null) throw new Error('statements are for those with a key');
    const who = bearerOf(apiKey);
    if (this.#waiting.has(who)) {
      throw new GatewayRefusal(
        'EVIDENCE_BUSY',
        'This API key, or its person, waits for a comparison already: one at a time.',
      );
    }
    const said = headers['content-length'];
    const bytes = Math.min(said === undefined ? BYTES_MAX : Number(said), BYTES_MAX);
    const all = [...this.#waiting.values()].reduce((sum, one) => sum + one.bytes, bytes);
    if (this.#waiting.size >= WAITING_MAX || all > WAITING_BYTES_MAX)
      throw new GatewayRefusal('EVIDENCE_BUSY');
    this.#waiting.set(who, { request, bytes });
    response.once('close', () => this.leave(request));
  }

  /** Whether it was compared, refused, or its sender went away. */
  leave(request: FastifyRequest): void {
    if (request.apiKey === null) return;
    const who = bearerOf(request.apiKey);
    if (this.#waiting.get(who)?.request === request) this.#waiting.delete(who);
  }
}

function addComparingRoute(app: FastifyInstance, { witnesses, history }: Dependencies): void {
  /** Each is checked in a thread of its own. */
  let last: Promise<unknown> = Promise.resolve();
  const waiting = new WaitingFiles();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.post(routeUrl(GATEWAY_PATHS.witnessStatement), {
    config: { roles: comparing },
    bodyLimit: BYTES_MAX,
    // Before anything of the body is read.
    preParsing: async (request, reply) => waiting.take(request, reply),
    onResponse: async (request) => waiting.leave(request),
    schema: {
      operationId: 'compareWitnessStatement',
      tags: ['ledger'],
      summary:
        'Compares what another hospital’s gateway saw with what this one checked, and answers in words.',
      description:
        'The body is the file that the other gateway answers to GET. One that agrees, or is ahead, is kept like one ' +
        'that was asked for: evidence carries it. Two blocks of one number that orderers signed are an alarm, and stop the ' +
        `history (GET /v1/attention).\n\n${needsOf(comparing)}`,
      security: [{ apiKey: [] }],
      body: { content: { [TYPE]: { schema: { type: 'string', examples: [FIRST_LINE] } } } },
      response: {
        200: { ...Taken, description: 'Compared.' },
        ...problemResponses([
          ...EVALUATE_CODES,
          'MALFORMED_BODY',
          'UNSUPPORTED_MEDIA_TYPE',
          'PAYLOAD_TOO_LARGE',
          'EVIDENCE_BUSY',
          'HISTORY_UNAVAILABLE',
        ]),
      },
    },
    handler: async (request): Promise<TakenStatement> => {
      if (typeof request.body !== 'string') throw new GatewayRefusal('MALFORMED_BODY', `Send ${TYPE}.`);
      const first = history.blocks?.block(0);
      if (first === undefined) throw new GatewayRefusal('HISTORY_UNAVAILABLE');
      const task = {
        kind: 'history',
        file: Buffer.from(request.body, 'utf8'),
        genesis: Buffer.from(first.hash).toString('hex'),
      } as const;
      const before = last;
      const compared = before.catch(() => {}).then(() => shownHistory(task, closing.signal));
      last = compared;
      const shown = await compared;
      if ('unreadable' in shown) throw new GatewayRefusal('MALFORMED_BODY', `${shown.unreadable}.`);
      if ('problem' in shown) {
        const { place, text } = shown.problem;
        return { result: 'refused', text: `The file does not hold: ${place}: ${text}.` };
      }
      return witnesses.take(parseStatement(shown.statement));
    },
  });
}
