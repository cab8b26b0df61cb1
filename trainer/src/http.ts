// The local service: what this hospital's own systems ask of the trainer, through their gateway. It listens on
// the loopback interface only and answers nobody without the key it shares with the gateway.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Dictionary, Id, Strict, targetOf, validate } from '@consilium/chaincode/domain';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { type Static, Type } from 'typebox';
import { sha256Hex } from './artefact/index.ts';
import { TrainerError } from './errors.ts';
import { answerProblem } from './http-problem.ts';
import type { JobBoard } from './job-board.ts';
import { heldOutPatients, prepareDataset } from './local-datasets.ts';
import {
  buildStudyModel,
  chooseModel,
  datasetMeant,
  dictionaryOf,
  encodeCsv,
  encodeRecords,
} from './local-models.ts';
import { type Predictions, predictionsOf } from './predictions.ts';
import type { TrainerContext } from './trainer-context.ts';

export interface HttpOptions {
  readonly context: TrainerContext;
  readonly board: JobBoard;
  readonly trainerKey: string;
  readonly encryptionPublicKey: string;
  /** Called when the operator has changed something that a waiting study may want. */
  readonly onChange: () => void;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const DatasetRequest = Strict({
  datasetId: Id,
  path: Type.String({ minLength: 1, maxLength: 4096 }),
  dictionary: Dictionary,
});
const ModelRequest = Strict({
  kind: Type.Enum(['logistic-regression', 'multilayer-perceptron']),
  hidden: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 4096 }), { minItems: 1, maxItems: 8 }),
  ),
  activation: Type.Optional(Type.Enum(['relu', 'tanh'])),
  dictionary: Dictionary,
  localIntercept: Type.Boolean(),
});
const PredictionRequest = Strict({
  studyId: Id,
  round: Type.Union([Type.Literal('initial'), Type.Literal('final'), Type.Integer({ minimum: 1 })]),
  datasetId: Type.Optional(Id),
  rows: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 100_000 })),
  csv: Type.Optional(Type.String({ minLength: 1 })),
});
type PredictionRequest = Static<typeof PredictionRequest>;
const StudyParams = Strict({ studyId: Id });
const DatasetParams = Strict({ datasetId: Id });
const OnnxQuery = Strict({
  local: Type.Optional(Type.Enum(['true', 'false'])),
  datasetId: Type.Optional(Id),
});

export function buildHttp(options: HttpOptions): FastifyInstance {
  const { context, board, trainerKey, encryptionPublicKey, onChange } = options;
  const app = Fastify({
    loggerInstance: context.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
  });
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) => {
    const detail = `there is no ${request.method} ${request.url.split('?')[0]}`;
    answerProblem(new TrainerError('TRAINER_ROUTE_NOT_FOUND', detail), request, reply);
  });
  const expected = createHash('sha256').update(`Bearer ${trainerKey}`).digest();
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/healthz') return;
    const given = createHash('sha256')
      .update(request.headers.authorization ?? '')
      .digest();
    if (timingSafeEqual(given, expected)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new TrainerError('TRAINER_KEY_REFUSED');
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/local/encryption-key', () => ({ encryptionPublicKey }));
  app.get('/local/jobs', () => board.list());
  app.get('/local/artefacts/usage', () => context.journal.artefactUsage());

  app.post('/local/datasets', async (request) => {
    const prepared = await prepareDataset(context, validate(DatasetRequest, request.body));
    onChange();
    return { ...prepared, problems: [] };
  });
  app.get('/local/datasets/:datasetId/held-out', async (request) => {
    const { datasetId } = validate(DatasetParams, request.params);
    return { patients: await heldOutPatients(context, datasetId) };
  });

  app.post('/local/models', async (request) =>
    buildStudyModel(context, validate(ModelRequest, request.body)),
  );
  app.get('/local/models/:studyId/onnx', async (request, reply) => {
    const { studyId } = validate(StudyParams, request.params);
    const query = validate(OnnxQuery, request.query);
    const study = await context.ledger.getStudy(studyId);
    if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
    const datasetId = query.local === 'false' ? undefined : datasetMeant(context, study, query.datasetId);
    const { model, parameters } = await chooseModel(context, { studyId, which: 'final', datasetId });
    const bytes = model.onnx(parameters);
    reply.header('x-onnx-sha256', sha256Hex(bytes));
    reply.header('content-disposition', `attachment; filename="${studyId}.onnx"`);
    return reply.type('application/octet-stream').send(Buffer.from(bytes));
  });
  app.post('/local/predictions', async (request) =>
    predict(context, validate(PredictionRequest, request.body)),
  );
  return app;
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
  const features = rows === undefined ? encodeCsv(csv ?? '', dictionary) : encodeRecords(rows, dictionary);
  const { model, parameters } = await chooseModel(context, { studyId, which, datasetId });
  return predictionsOf(await model.outputs(parameters, features), targetOf(dictionary.label));
}
