// How a transaction of the ledger becomes a route: the path completes the body, the transaction's own schema
// validates both and documents both, and its table entry says who may call. Each noun's file lists its routes.
import { createHash, randomUUID } from 'node:crypto';
import {
  canonicalJson,
  DomainError,
  DuoLabels,
  duoLabelsIn,
  LEDGER_PATHS,
  placesOf,
  type Role,
  Strict,
  type TransactionName,
  transactionNamed,
} from '@consilium/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type TObject, type TSchema, Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { askPeer } from '../fabric/ask-peer.ts';
import { type LedgerCall, LedgerError } from '../fabric/ledger.ts';
import { GATEWAY_ERRORS, type GatewayErrorCode } from '../gateway-errors.ts';
import { needsOf, problemResponses } from '../http/documentation.ts';
import type { ProblemCode } from '../http/problem.ts';
import { routeUrl } from '../http/route-url.ts';
import { EXAMPLE_OPERATION, Operation } from '../operations/operation-form.ts';
import { prefersAsync } from '../operations/operations.ts';
import type { IdempotentRequest } from '../outbox/outbox.ts';
import { filteredPage, type ListFilters } from './list-filters.ts';
import { answerLater, endingOf } from './operations.ts';
import {
  type Answered,
  askedRead,
  asksOwnPeer,
  blocksOf,
  isPaged,
  pagedAnswer,
  queryOf,
  ReadHeaders,
  sayWho,
  withNext,
} from './reads.ts';

export interface LedgerRoute {
  readonly transaction: TransactionName;
  /** What completes the transaction's path, where it does not stand for one route. */
  readonly path?: string;
  readonly tag: string;
  /** What a caller should know beyond the transaction's summary. */
  readonly description: string;
  readonly operationId: string;
  /** Codes of the rules that this route may answer with, beside those of every route. */
  readonly errors: readonly ProblemCode[];
  /** The row, page or statement that the transaction returns. */
  readonly answer: TSchema;
  /** Submissions that make a new row answer 201. */
  readonly creates?: boolean;
  readonly examples: { readonly body?: object; readonly answer: unknown };
  /** Fields fixed by the route itself. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** What a list can be asked by. */
  readonly filters?: ListFilters;
  /** Where the argument is not simply path and body or query. */
  readonly params?: TObject;
  readonly argumentOf?: (params: Record<string, unknown>) => Record<string, unknown>;
  /** What to say about a request that is carried out all the same, as sentences. */
  readonly warnings?: (argument: Record<string, unknown>) => readonly string[];
}

export const EVALUATE_CODES = [
  'INVALID_ARGUMENT',
  'REQUEST_MALFORMED',
  'UNAUTHENTICATED',
  'SCOPE_REQUIRED',
  'RATE_LIMITED',
  'CLOCK_SKEW',
  'INTERNAL',
  'GATEWAY_INTERNAL',
  'LEDGER_REFUSED',
  'IDENTITY_MISSING',
  'LEDGER_UNAVAILABLE',
  'LEDGER_TIMEOUT',
  'ENDORSERS_UNAVAILABLE',
] as const satisfies readonly ProblemCode[];

export const SUBMIT_CODES = [
  ...EVALUATE_CODES,
  'MALFORMED_BODY',
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'ROLE_REQUIRED',
  'IDEMPOTENCY_KEY_REUSED',
  'LEDGER_CONFLICT',
  'TRANSACTION_INVALIDATED',
  'ENDORSEMENT_FAILED',
  'ENDORSERS_BEHIND',
  'OUTBOX_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'TOO_MANY_OPERATIONS',
] as const satisfies readonly ProblemCode[];

/** What a submission takes as headers. */
export const SubmitHeaders = Type.Object({
  prefer: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        '`respond-async`: the answer is 202 at once, with an operation that has the state and the result at its ' +
        '`Location`.',
    }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description:
        'Names this request: sent again with the same key it is not carried out twice and answers with the ' +
        'first outcome (header idempotency-replayed: true). A refused request changed nothing and frees its key.',
    }),
  ),
});

/** The path of a route under /v1, in OpenAPI's notation; each parameter is a field of the transaction's argument. */
export const pathOf = ({ path, transaction }: Pick<LedgerRoute, 'path' | 'transaction'>): string =>
  path ?? LEDGER_PATHS[transaction];

/** The transaction's fields split into those in the path and the others, each schema as the domain wrote it. */
export function splitArgument(route: LedgerRoute): { params: TObject | undefined; rest: TObject } {
  const argument = transactionNamed(route.transaction).argument as TObject;
  const names = placesOf(pathOf(route));
  const optional = new Set(
    Object.keys(argument.properties).filter((name) => !argument.required?.includes(name)),
  );
  const pick = (wanted: (name: string) => boolean) =>
    Strict(
      Object.fromEntries(
        Object.entries(argument.properties)
          .filter(([name]) => wanted(name))
          .map(([name, schema]) => [name, optional.has(name) ? Type.Optional(schema) : schema]),
      ),
    );
  const fixed = route.fixed ?? {};
  const inParams = (name: string) =>
    Object.hasOwn(route.params?.properties ?? {}, name) || names.includes(name);
  const params = route.params ?? (names.length > 0 ? pick((name) => names.includes(name)) : undefined);
  return { params, rest: pick((name) => !inParams(name) && !Object.hasOwn(fixed, name)) };
}

const committed = ({ answer, warnings }: LedgerRoute): TSchema => {
  const properties = (answer as TObject).properties;
  return Type.Object({
    ...(warnings !== undefined && {
      warnings: Type.Optional(
        Type.Array(Type.String(), {
          description: 'What deserves a second look; nothing was refused for it.',
        }),
      ),
    }),
    transactionId: Type.String({ description: 'The ledger transaction.' }),
    blockNumber: Type.Integer({ description: 'The block that holds it.' }),
    ...properties,
  });
};

export function addLedgerRoutes(
  app: FastifyInstance,
  dependencies: Dependencies,
  routes: readonly LedgerRoute[],
) {
  for (const route of routes) addLedgerRoute(app, dependencies, route);
}

function addLedgerRoute(app: FastifyInstance, dependencies: Dependencies, route: LedgerRoute): void {
  const transaction = transactionNamed(route.transaction);
  const submits = transaction.kind === 'submit';
  const { params, rest } = splitArgument(route);
  const url = routeUrl(pathOf(route));
  const status = route.creates === true ? 201 : 200;
  const answer = labelled(submits ? committed(route) : route.answer);
  const common = {
    operationId: route.operationId,
    tags: [route.tag],
    summary: transaction.summary,
    description: describe(route, transaction.roles, transaction.event),
    security: [{ apiKey: [] }],
    ...(params !== undefined && { params }),
  };
  const codes = [...(submits ? SUBMIT_CODES : EVALUATE_CODES), ...route.errors];
  const exampleAnswer = submits
    ? { ...EXAMPLE_COMMIT, ...(route.examples.answer as object) }
    : route.examples.answer;
  const response = {
    ...(submits && {
      202: { ...Operation, description: 'Taken; not waited for.', examples: [EXAMPLE_OPERATION] },
    }),
    [status]: { ...answer, description: submits ? 'Committed.' : 'Found.', examples: [exampleAnswer] },
    ...problemResponses(codes),
  };
  const argumentFrom = (request: FastifyRequest, more: unknown) => {
    const fromPath = (request.params ?? {}) as Record<string, unknown>;
    const located = route.argumentOf === undefined ? fromPath : route.argumentOf(fromPath);
    return { ...(more as object), ...route.fixed, ...located };
  };
  if (!submits) {
    const ownAnswer = { ...labelled(pagedAnswer(route)), description: 'Found.', examples: [exampleAnswer] };
    app.route({
      method: 'GET',
      url,
      config: { roles: transaction.roles },
      schema: {
        ...common,
        querystring: queryOf(route, rest),
        headers: ReadHeaders,
        response: { ...response, 200: ownAnswer },
      },
      handler: async (request, reply) => {
        const asked = askedRead(route, request.query, reply);
        const argument = argumentFrom(request, asked.argument);
        const answered: Answered[] = [];
        const ask = async (page: object) => {
          const call = { name: route.transaction, argument: { ...argument, ...page }, ...callerOf(request) };
          const blocks = blocksOf(dependencies);
          const { found, mspId } = await timed(dependencies, route.transaction, () =>
            askPeer(dependencies.ledger, call, { ownOnly: asksOwnPeer(request) }),
          );
          answered.push({ mspId, blocks });
          return found as { items: readonly object[]; bookmark?: string };
        };
        const { limit, bookmark, filtered } = asked;
        const page = { ...(limit && { pageSize: limit }), ...(bookmark && { bookmark }) };
        const found =
          filtered === undefined
            ? await ask(page)
            : await filteredPage(ask, route.filters ?? {}, { ...filtered, limit, bookmark });
        sayWho(reply, answered);
        return withDuoLabels(withNext({ request, reply, isList: isPaged(route) }, found));
      },
    });
    return;
  }
  const body = withExample(rest, route.examples.body ?? {});
  app.route({
    method: 'POST',
    url,
    config: { roles: transaction.roles },
    schema: { ...common, body, headers: SubmitHeaders, response },
    preValidation: async (request) => {
      // Where everything is said by the path, a body may be left out.
      request.body ??= {};
    },
    handler: async (request, reply) => {
      const argument = argumentFrom(request, request.body);
      const call = { name: route.transaction, argument, ...callerOf(request) };
      const isLater = prefersAsync(request.headers.prefer);
      const asked = idempotentRequest(request, call, isLater);
      const submit = async () => {
        const submitted = await timed(dependencies, route.transaction, () =>
          dependencies.submissions.submit(call, asked),
        );
        const { transactionId, blockNumber, result } = submitted;
        const warnings = route.warnings?.(argument) ?? [];
        const body = {
          ...withDuoLabels(result),
          transactionId,
          blockNumber,
          ...(warnings.length > 0 && { warnings }),
        };
        return { replayed: submitted.replayed, body };
      };
      if (isLater && asked !== undefined) {
        const operation = dependencies.operations.begin({ ...asked, transaction: route.transaction }, () =>
          endingOf(submit, request),
        );
        return answerLater(reply, operation);
      }
      const { replayed, body } = await submit();
      if (replayed) reply.header('idempotency-replayed', 'true');
      reply.code(status);
      return body;
    },
  });
}

/** An answer with the labels of the Data Use Ontology's codes in it, where it has any. */
function withDuoLabels(answer: unknown): object {
  const duoLabels = duoLabelsIn(answer);
  return Object.keys(duoLabels).length > 0 ? { ...(answer as object), duoLabels } : (answer as object);
}

/** The schema of an answer, with the labels that it may carry. */
const labelled = (answer: TSchema): TSchema =>
  Type.Object({ ...(answer as TObject).properties, duoLabels: Type.Optional(DuoLabels) });

export const EXAMPLE_COMMIT = {
  transactionId: '5b1f6a1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c',
  blockNumber: 42,
};

/** A copy for one route, since the domain's schemas are shared. Descriptors keep kinds and refinements. */
function withExample(schema: TObject, example: object): TObject {
  return Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(schema), examples: { value: [example], enumerable: true } },
  ) as TObject;
}

function describe(route: LedgerRoute, roles: readonly Role[], event: string | null): string {
  const emits = event === null ? '' : ` Emits the event \`${event}\`.`;
  return `${route.description}\n\n${needsOf(roles)} Ledger transaction \`${route.transaction}\`.${emits}`;
}

/** Whose certificate signs for an authenticated request. */
function callerOf(request: FastifyRequest): Pick<LedgerCall, 'role' | 'person'> {
  if (request.apiKey === null) throw new Error(`${request.routeOptions.url} asks for a role and names none`);
  const { role, person } = request.apiKey;
  return { role, person };
}

/** What is not waited for has a key in any case: its answer may be asked for after a restart. */
function idempotentRequest(
  request: FastifyRequest,
  call: object,
  isLater: boolean,
): IdempotentRequest | undefined {
  const idempotencyKey = request.headers['idempotency-key'] ?? (isLater ? randomUUID() : undefined);
  if (typeof idempotencyKey !== 'string' || request.apiKey === null) return undefined;
  const fingerprint = createHash('sha256').update(canonicalJson(call)).digest('hex');
  return { keyId: request.apiKey.id, idempotencyKey, fingerprint };
}

async function timed<T>({ metrics }: Dependencies, transaction: string, work: () => Promise<T>): Promise<T> {
  const end = metrics.ledgerCalls.startTimer({ transaction });
  try {
    const result = await work();
    end({ outcome: 'ok' });
    return result;
  } catch (error) {
    end({ outcome: outcomeOf(error) });
    throw error;
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof DomainError || error instanceof LedgerError) return error.code;
  const code = (error as { code?: unknown }).code;
  return Object.hasOwn(GATEWAY_ERRORS, String(code)) ? (code as GatewayErrorCode) : 'GATEWAY_INTERNAL';
}
