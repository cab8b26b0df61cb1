// The local service: what this hospital's own systems ask of the trainer, through their gateway. It listens on
// the loopback interface only, says nothing but how it is without an assertion of that gateway, and decides by itself
// which role may ask what.

import { Readable } from 'node:stream';
import {
  Dictionary,
  Id,
  LOCAL_ROUTES,
  type LocalRouteName,
  ProposeStudy,
  type Role,
  Strict,
  targetOf,
  validate,
} from '@consilium/domain';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { sha256Hex } from '../artefacts/index.ts';
import { heldOutPatients, heldOutText } from '../data/held-out-patients.ts';
import { TrainerError } from '../errors.ts';
import { historyOf } from '../people/patient-history.ts';
import { prepareDataset } from '../people/prepare-dataset.ts';
import { withdrawPatients } from '../people/withdraw-patients.ts';
import { DailyLimit } from '../study/daily-limit.ts';
import type { JobBoard } from '../study/job-board.ts';
import { type Predictions, predictionsOf } from '../study/predictions.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { type Caller, CallerAssertions } from './caller-assertion.ts';
import { answerProblem } from './http-problem.ts';
import { buildStudyModel, chooseModel, datasetMeant, dictionaryOf, modelCardOf } from './local-models.ts';
import { publishOwnGraph } from './own-graph.ts';
import { traceRequests } from './trace-requests.ts';
import type { TrainerMetrics } from './trainer-metrics.ts';

export interface HttpOptions {
  readonly context: TrainerContext;
  readonly board: JobBoard;
  readonly trainerKey: string;
  readonly metrics: TrainerMetrics;
  /** The newest key of this member, with its proof for the ledger. */
  readonly proveKey: () => Promise<object>;
  /** Called when the operator has changed something that a waiting study may want. */
  readonly onChange: () => void;
}

/** A JSON text becomes some twenty times as large when it is read. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const HISTORIES = {
  most: 50,
  what: 'histories of patients were asked for by this key',
  remedy: 'Each answer is about a person: ask only for those who ask',
};
/** Each may have 12 MiB, and is pinned at this hospital's IPFS node. */
const OWN_GRAPHS = {
  most: 30,
  what: 'graphs were brought by this key',
  remedy: 'Try a graph with consilium-trainer check --study before it is brought',
};
/** Requests with a body that are served at a time, of each route. */
const BODIES_MAX = 4;
/** For a request to arrive whole. */
const REQUEST_TIMEOUT_MS = 120_000;
const REQUEST_ID = /^[0-9a-f-]{36}$/;

const DatasetRequest = Strict({
  datasetId: Id,
  populationId: Type.Optional(Id),
  path: Type.String({ minLength: 1, maxLength: 4096 }),
  dictionary: Dictionary,
});
/** Of a patient, as the file has it. */
const PatientId = Type.String({ minLength: 1, maxLength: 4096 });
const WithdrawalRequest = Strict({
  patients: Type.Array(PatientId, { minItems: 1, maxItems: 100_000 }),
});
const HistoryRequest = Strict({ patient: PatientId });
const ModelRequest = Strict({
  kind: Type.Enum(['logistic-regression', 'multilayer-perceptron']),
  hidden: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 4096 }), { minItems: 1, maxItems: 8 }),
  ),
  activation: Type.Optional(Type.Enum(['relu', 'tanh'])),
  dictionary: Dictionary,
  localIntercept: Type.Boolean(),
});
/** A graph of one's own: a third of its text is what base64 adds. */
const OwnGraph = Strict({
  kind: Type.Literal('onnx'),
  onnx: Type.String({
    pattern: '^[A-Za-z0-9+/]+={0,2}$',
    maxLength: MAX_BODY_BYTES,
    description: 'The ONNX file in base64.',
  }),
  localParameters: ProposeStudy.properties.model.properties.localParameters,
  dictionary: Dictionary,
});
const isOwnGraph = (body: unknown): boolean => (body as { readonly kind?: unknown } | null)?.kind === 'onnx';
/** More names than a dictionary may have, since those that it lacks are named in the answer. */
const PredictionRow = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  { maxProperties: 1000 },
);
const PredictionRequest = Strict({
  studyId: Id,
  round: Type.Union([Type.Literal('initial'), Type.Literal('final'), Type.Integer({ minimum: 1 })]),
  datasetId: Type.Optional(Id),
  rows: Type.Optional(Type.Array(PredictionRow, { maxItems: 100_000 })),
  csv: Type.Optional(Type.String({ minLength: 1 })),
});
type PredictionRequest = Static<typeof PredictionRequest>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a route of LOCAL_ROUTES is served. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    readonly roles?: readonly Role[];
  }
}

type Serve<Name extends LocalRouteName> = (
  asked: {
    readonly params: Static<(typeof LOCAL_ROUTES)[Name]['params']>;
    readonly query: Static<(typeof LOCAL_ROUTES)[Name]['query']>;
    readonly body: unknown;
    /** The role that asks, and its key at the gateway. */
    readonly caller: string;
  },
  reply: FastifyReply,
) => unknown;
type Services = { readonly [Name in LocalRouteName]: Serve<Name> };

export function buildHttp(options: HttpOptions): FastifyInstance {
  const { context } = options;
  const app = Fastify({
    loggerInstance: context.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Every connection is one request's: what follows on it is nobody's.
    maxRequestsPerSocket: 1,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: ({ headers: { 'x-request-id': given } }) =>
      typeof given === 'string' && REQUEST_ID.test(given) ? given : crypto.randomUUID(),
  });
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) => {
    const detail = `there is no ${request.method} ${request.url.split('?')[0]}`;
    answerProblem(new TrainerError('TRAINER_ROUTE_NOT_FOUND', detail), request, reply);
  });
  if (context.tracer !== undefined) traceRequests(app, context.tracer);
  admitCallers(app, options);
  app.addHook('onSend', async (request, reply, payload) => {
    // Node closes a connection at its last request only where the answer says so.
    reply.header('connection', 'close');
    // An answer before the body is read could be lost with the connection.
    if (request.caller !== null) await readWhole(request.raw);
    return payload;
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(options.metrics.text()),
  );
  addLocalRoutes(app, servicesOf(options));
  return app;
}

/** What says nothing but how the process is: anybody on this machine may ask. */
const OPEN_ROUTES = new Set(['/healthz', '/metrics']);

/** Decides, before a body is read, who asks and whether that role may. */
function admitCallers(app: FastifyInstance, { context, trainerKey }: HttpOptions): void {
  const assertions = new CallerAssertions({ key: trainerKey, mspId: context.mspId });
  const bodies = new BodiesInFlight();
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    if (OPEN_ROUTES.has(request.routeOptions.url ?? '')) return;
    const { method = '', url = '', rawHeaders, headers } = request.raw;
    // Of several, `headers` has the first only.
    const authorization = rawHeaders.filter(
      (_, at) => at % 2 === 1 && /^authorization$/i.test(rawHeaders[at - 1]!),
    );
    const caller = await assertions
      .callerOf({ authorization, method, target: url })
      .catch((error: unknown) => {
        request.log.warn({ err: error, method, url }, 'caller refused');
        reply.header('www-authenticate', 'Bearer');
        throw error;
      });
    request.caller = caller;
    const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
    if (method === 'GET' && hasBody) {
      throw new TrainerError('TRAINER_INPUT_INVALID', 'a GET has no body');
    }
    const { roles } = request.routeOptions.config;
    // A route that is not in the table serves nobody; one that does not exist is answered as such.
    if (!request.is404 && !roles?.includes(caller.role)) {
      throw new TrainerError(
        'TRAINER_ROLE_REFUSED',
        `the role ${caller.role} may not ${method} ${url.split('?')[0]}`,
      );
    }
    if (hasBody) bodies.take(request.routeOptions.url ?? 'none', reply);
  });
  app.addHook('onResponse', async (request, reply) => {
    if (request.caller === null) return;
    const { keyId, role } = request.caller;
    const route = request.routeOptions.url ?? 'none';
    request.log.info(
      { key: keyId, role, method: request.method, route, status: reply.statusCode },
      'answered',
    );
  });
}

/** What bodies take of memory is bounded by how many are held at a time. */
class BodiesInFlight {
  readonly #byRoute = new Map<string, number>();

  /** Until the answer is sent or its connection ends. @throws TrainerError TRAINER_BUSY */
  take(route: string, { raw: response }: FastifyReply): void {
    const now = this.#byRoute.get(route) ?? 0;
    if (now >= BODIES_MAX) throw new TrainerError('TRAINER_BUSY');
    this.#byRoute.set(route, now + 1);
    response.once('close', () => this.#byRoute.set(route, this.#byRoute.get(route)! - 1));
  }
}

async function readWhole(request: FastifyRequest['raw']): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    for (const name of ['end', 'close', 'error'] as const) request.once(name, () => resolve());
    request.resume();
  });
}

function addLocalRoutes(app: FastifyInstance, services: Services): void {
  for (const [name, route] of Object.entries(LOCAL_ROUTES)) {
    const serve = services[name as LocalRouteName] as Serve<LocalRouteName>;
    // Of whatever route: compared as one of them all, a compiler would compare all.
    const { params, query }: { readonly params: TSchema; readonly query: TSchema } = route;
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { roles: route.roles },
      handler: async (request, reply) =>
        serve(
          {
            params: validate(params, { ...(request.params as object) }),
            query: validate(query, { ...(request.query as object) }),
            body: request.body,
            caller: request.caller === null ? 'nobody' : `${request.caller.role} ${request.caller.keyId}`,
          } as Parameters<Serve<LocalRouteName>>[0],
          reply,
        ),
    });
  }
}

function servicesOf({ context, board, proveKey, onChange }: HttpOptions): Services {
  const attempts = new DailyLimit(context.nowMs);
  const histories = new DailyLimit(context.nowMs, HISTORIES);
  const ownGraphs = new DailyLimit(context.nowMs, OWN_GRAPHS);
  return {
    getEncryptionKey: () => proveKey(),
    listJobs: () => board.list(context.nowMs()),
    getArtefactUsage: () => context.journal.artefactUsage(),
    checkLocalDataset: async ({ body, caller }) => {
      const asked = validate(DatasetRequest, body);
      const prepared = await prepareDataset({ ...context, attempts }, asked, caller);
      onChange();
      return { ...prepared, problems: [] };
    },
    getHeldOutPatients: async ({ params: { datasetId }, query: { as = 'rows' } }, reply) => {
      const heldOut = await heldOutPatients(context, { datasetId, as });
      return reply.type('application/json; charset=utf-8').send(Readable.from(heldOutText(heldOut)));
    },
    withdrawPatients: async ({ params: { populationId }, body, caller }) => {
      const { patients } = validate(WithdrawalRequest, body);
      const answer = await withdrawPatients(context, { populationId, patients }, caller);
      onChange();
      return answer;
    },
    getPatientHistory: ({ params: { populationId }, body, caller }) => {
      const { patient } = validate(HistoryRequest, body);
      histories.count(caller);
      return historyOf(context, { populationId, patient }, caller);
    },
    buildModelGraph: ({ body, caller }) => {
      if (!isOwnGraph(body)) return buildStudyModel(context, validate(ModelRequest, body));
      const request = validate(OwnGraph, body);
      ownGraphs.count(caller);
      return publishOwnGraph(context, request);
    },
    getModelCard: ({ params: { studyId } }) => modelCardOf(context, studyId),
    getModelFile: async ({ params: { studyId }, query }, reply) => {
      const study = await context.ledger.getStudy(studyId);
      if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
      const datasetId = query.local === 'false' ? undefined : datasetMeant(context, study, query.datasetId);
      const { model, parameters } = await chooseModel(context, { studyId, which: 'final', datasetId });
      const bytes = await model.onnx(parameters);
      reply.header('x-onnx-sha256', sha256Hex(bytes));
      reply.header('content-disposition', `attachment; filename="${studyId}.onnx"`);
      return reply.type('application/octet-stream').send(Buffer.from(bytes));
    },
    predict: ({ body }) => predict(context, validate(PredictionRequest, body)),
  };
}

async function predict(context: TrainerContext, request: PredictionRequest): Promise<Predictions> {
  const { studyId, round: which, rows, csv } = request;
  if ((rows === undefined) === (csv === undefined)) {
    throw new TrainerError('TRAINER_INPUT_INVALID', 'give either rows or csv');
  }
  const study = await context.ledger.getStudy(studyId);
  if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
  const datasetId = datasetMeant(context, study, request.datasetId);
  const dictionary = await dictionaryOf(context, study, datasetId);
  const asked = rows === undefined ? { csv: csv ?? '' } : { records: rows };
  const features = await context.requestWork.encode(asked, dictionary);
  const { model, parameters } = await chooseModel(context, { studyId, which, datasetId });
  return predictionsOf(await model.outputs(parameters, features), targetOf(dictionary.label));
}
