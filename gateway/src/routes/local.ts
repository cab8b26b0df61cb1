// This hospital's own trainer, under the gateway's keys and roles. Only the routes that both share are passed on, each
// under a target that is written from validated parameters.

import type { Readable } from 'node:stream';
import {
  type LocalRouteName,
  localTarget,
  LOCAL_ROUTES as SHARED,
  type LocalRoute as SharedRoute,
} from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { needsOf, problemResponses, trainerProblems } from '../http/documentation.ts';
import { REGISTER_DATASET, ROTATE_KEY } from '../http/examples.ts';
import { routeUrl } from '../http/route-url.ts';
import { askTrainer, type ProxiedBody } from '../http/trainer-proxy.ts';

interface Documented {
  readonly operationId: LocalRouteName;
  readonly summary: string;
  readonly description: string;
  /** Documentation only: the trainer validates. */
  readonly body?: object;
  readonly answer: { readonly type: string; readonly example?: unknown };
}

const json = 'application/json';
const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

const DOCUMENTED: readonly Documented[] = [
  {
    operationId: 'getEncryptionKey',
    summary: 'The public key that artefacts for this hospital are sealed to, with its proof.',
    description: 'For the registration of the member, or its next key. Private keys never leave the trainer.',
    answer: { type: json, example: ROTATE_KEY },
  },
  {
    operationId: 'checkLocalDataset',
    summary:
      'Reads and checks a file by a data dictionary, every value, as a dataset’s first or next revision.',
    description:
      'The file must lie in one of the trainer’s data folders. Answers what dataset:register, ' +
      'or dataset:revise, takes: commitment, bands, and the blocks of patients, as the trainer’s ' +
      'register of them has it. `populationId` names the people of a new dataset where they are those of another. ' +
      '`notes` are for this hospital alone. ' +
      'Problems name column and rule, never a line or a value; consilium-trainer check names lines ' +
      'where the file is. A file is checked at most 20 times a day. Nothing leaves the hospital.',
    body: {
      datasetId: 'cleveland-heart',
      path: '/data/cleveland.csv',
      dictionary: REGISTER_DATASET.dictionary,
    },
    answer: {
      type: json,
      example: {
        datasetId: 'cleveland-heart',
        populationId: 'cleveland-heart',
        revision: 2,
        commitment: REGISTER_DATASET.commitment,
        recordCountBand: { low: 250, high: 349 },
        blocks: [{ block: 1, recordCountBand: { low: 250, high: 349 } }],
        newBlock: { block: 2, recordCountBand: { low: 10, high: 49 }, patientsSha256: sha256 },
        removed: false,
        saltSha256: sha256,
        largestAdvisedDelta: '0.0002',
        notes: [],
        problems: [],
      },
    },
  },
  {
    operationId: 'getHeldOutPatients',
    summary: 'Which patients of a dataset are held out of training.',
    description:
      "The hospital's own system asking about its own data: `rows`, the numbers of their rows in the file, from 1; " +
      'with `?as=ids` instead `patients`, their ids.',
    answer: { type: json, example: { rows: [3, 8, 14] } },
  },
  {
    operationId: 'withdrawPatients',
    summary: 'Leaves patients out of every draw from now on.',
    description:
      'By their ids in the file: of running studies too, from the next draw. Only salted digests of the ids are kept, ' +
      'in the trainer’s folder, and nothing of this leaves the hospital. ' +
      'Answers the ids that no block of patients has; they are ' +
      'kept too. The answer does not say who had withdrawn before, and no route lists them.',
    body: { patients: ['p-1017', 'p-2044'] },
    answer: { type: json, example: { populationId: 'cleveland-heart', unknown: ['p-2044'], notes: [] } },
  },
  {
    operationId: 'getPatientHistory',
    summary: 'Which studies, rounds and models one patient’s records were offered to.',
    description:
      'For the hospital that answers its patient. The id is in the body, which no log has. ' +
      'At most 50 histories a day for each key.',
    body: { patient: 'p-1017' },
    answer: {
      type: json,
      example: {
        populationId: 'cleveland-heart',
        block: 1,
        pool: 'training',
        studies: [
          {
            studyId: 'heart-2026',
            datasetId: 'cleveland-heart',
            revision: 1,
            rounds: [{ round: 1, at: '2026-03-02T09:00:00.000Z' }],
            model: 5,
          },
        ],
      },
    },
  },
  {
    operationId: 'buildModelGraph',
    summary: 'Builds the ONNX forward graph of a model, or takes one of yours, and publishes it to IPFS.',
    description:
      'The answer fits `model` of POST /v1/studies. With `kind` `onnx` it publishes a graph of your own: the file in ' +
      'base64 as `onnx`, with `dictionary` and `localParameters`, is read and tried first, as every trainer will.',
    body: { kind: 'logistic-regression', dictionary: REGISTER_DATASET.dictionary, localIntercept: true },
    answer: {
      type: json,
      example: {
        graph: { cid: REGISTER_DATASET.commitment, sha256, sizeBytes: 812 },
        inputs: 9,
        parameters: 10,
        localParameters: ['intercept'],
      },
    },
  },
  {
    operationId: 'getModelCard',
    summary: "What is to be known of a study's graph.",
    description:
      'Before consent too: this trainer reads and tries the graph. `notes` names weights that several nodes use, which ' +
      'are trained as one, with what to do if they were meant to be several. `divisors` has, for each dataset of this ' +
      "hospital that it consented with, what each step's sum of gradients is divided by: samplingRate times four " +
      "fifths of the middles of the consented blocks' public bands.",
    answer: {
      type: json,
      example: {
        studyId: 'heart-2026',
        graph: { cid: REGISTER_DATASET.commitment, sha256, sizeBytes: 4210 },
        inputs: 9,
        outputs: 1,
        parameters: 20,
        localParameters: ['intercept'],
        notes: [
          'weight inner.weight is used by nodes /inner/Gemm and /inner_1/Gemm: trained as one. If they are layers of ' +
            'their own, propose a graph in which they have different values.',
        ],
        divisors: [{ datasetId: REGISTER_DATASET.datasetId, revision: 1, blocks: [1], divisor: 3.98 }],
      },
    },
  },
  {
    operationId: 'getModelFile',
    summary: "A study's final model as an ONNX file.",
    description:
      "With this hospital's local parameters if it has them; `?datasetId=` chooses whose where it has several " +
      'datasets in the study, `?local=false` gives the shared model. Where the study averages its models, it is the ' +
      'average. The header `x-onnx-sha256` is the hash of the file.',
    answer: { type: 'application/octet-stream' },
  },
  {
    operationId: 'predict',
    summary: 'Predicts with a model of a study.',
    description:
      'Rows as objects by feature name, or CSV text. The values stay in this hospital. For a label with categories ' +
      'the answer names them, and has one probability of each for every row. `round` is `initial` (the graph as ' +
      'proposed), a number, or `final`; where the study averages its models, the last two are the average up to then.',
    body: { studyId: 'heart-2026', round: 'final', rows: [{ age: 61, sex: 1, chest_pain: '4' }] },
    answer: { type: json, example: { probabilities: [0.81] } },
  },
  {
    operationId: 'listJobs',
    summary: 'What the trainer is doing.',
    description: 'Study, round, stage and progress; errors carry no values of patients.',
    answer: {
      type: json,
      example: [
        {
          studyId: 'heart-2026',
          round: 1,
          stage: 'training',
          step: 3,
          steps: 5,
          startedAt: '2026-03-02T09:00:00Z',
        },
      ],
    },
  },
  {
    operationId: 'getArtefactUsage',
    summary: 'How much this trainer put into IPFS.',
    description: 'Count and bytes of artefacts.',
    answer: { type: json, example: { count: 12, bytes: 49152 } },
  },
];

export interface LocalRoute extends Documented, SharedRoute {}

export const LOCAL_ROUTES: readonly LocalRoute[] = DOCUMENTED.map((route) => ({
  ...SHARED[route.operationId],
  ...route,
}));

const CODES = [
  'UNAUTHENTICATED',
  'SCOPE_REQUIRED',
  'ROLE_REQUIRED',
  'RATE_LIMITED',
  'INVALID_ARGUMENT',
  'METHOD_NOT_ALLOWED',
  'PAYLOAD_TOO_LARGE',
  'REQUEST_MALFORMED',
  'GATEWAY_INTERNAL',
  'TRAINER_UNAVAILABLE',
] as const;

/** A scope of its own: bodies here are streams for the trainer, and are not read by this service. */
export async function addLocalRoutes(app: FastifyInstance, dependencies: Dependencies): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const route of LOCAL_ROUTES) addLocalRoute(scope, dependencies, route);
  });
}

function addLocalRoute(app: FastifyInstance, dependencies: Dependencies, route: LocalRoute): void {
  const { trainer, ledger, limits } = dependencies;
  const { answer } = route;
  const examples = answer.example === undefined ? {} : { examples: [answer.example] };
  app.route({
    method: route.method,
    url: routeUrl(route.path),
    config: { roles: route.roles, ...(route.body !== undefined && { streamedBodyExample: route.body }) },
    schema: {
      operationId: route.operationId,
      tags: ['local'],
      summary: route.summary,
      description: `${route.description}\n\n${needsOf(route.roles)}`,
      security: [{ apiKey: [] }],
      params: route.params,
      querystring: route.query,
      response: {
        200: {
          description: 'As the trainer answers.',
          content: { [answer.type]: { schema: { ...schemaOf(answer.type), ...examples } } },
        },
        ...trainerProblems(problemResponses(CODES)),
      },
    },
    handler: async (request, reply) => {
      if (trainer === undefined) {
        throw new GatewayRefusal(
          'TRAINER_UNAVAILABLE',
          'This gateway has no trainer: CONSILIUM_TRAINER_URL is not set.',
        );
      }
      if (request.apiKey === null) throw new Error(`${route.path} asks for a role and names none`);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { id: keyId, role } = request.apiKey;
      const proxied = {
        method: route.method,
        target: localTarget(route, { params: request.params as object, query: request.query as object }),
        body: route.method === 'GET' ? undefined : bodyOf(request),
        requestId: request.id,
        caller: { keyId, role },
        mspId: ledger.mspId,
        signal: gone.signal,
      };
      const { status, headers, body } = await askTrainer(trainer, proxied, limits);
      return (reply as FastifyReply).code(status).headers(headers).send(body);
    },
  });
}

function bodyOf({ body, headers }: FastifyRequest): ProxiedBody | undefined {
  if (body === undefined || body === null) return undefined;
  const declared = headers['content-length'];
  return {
    content: body as Readable,
    mediaType: headers['content-type'],
    // Node refuses a request with another length than digits say, and one with a length and chunks.
    bytes: declared === undefined ? undefined : Number(declared),
  };
}

const schemaOf = (type: string): object => (type === json ? {} : { type: 'string', format: 'binary' });
