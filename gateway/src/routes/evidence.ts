// Evidence: files that prove what the ledger says of a study, a model, a dataset or a transaction to someone who trusts
// neither this gateway nor any one hospital.
import { canonicalJson, GATEWAY_PATHS, Id, ROLES, type Role, Strict } from '@consilium/domain';
import { FORMAT, type Subject } from '@consilium/verify';
import type { FastifyInstance } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { bearerOf } from '../http/api-keys.ts';
import { problemResponses } from '../http/documentation.ts';
import type { ProblemCode } from '../http/problem.ts';
import { routeUrl } from '../http/route-url.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { EVALUATE_CODES } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;
const TYPE = 'application/x-ndjson';
/** Each asks peers of all organisations, and verifies a file. No key and no person has more than one of them. */
const AT_ONCE_MAX = 2;

interface EvidenceRoute {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly params: TSchema;
  readonly errors: readonly ProblemCode[];
  readonly subjectOf: (params: Readonly<Record<string, string>>) => Subject;
  /** What the first line of the file names. */
  readonly example: object;
}

const ofStudy = Strict({ studyId: Id });
const ROUTES: readonly EvidenceRoute[] = [
  {
    path: GATEWAY_PATHS.evidenceOfStudy,
    operationId: 'getEvidenceOfStudy',
    summary:
      'A file that proves a study: its consents, rounds and costs, and its model or how it ended without one.',
    description:
      'Every step is shown with its signatures. A study that is not over is proven as it is now, and without a model.',
    params: ofStudy,
    errors: ['STUDY_NOT_FOUND', 'MODEL_NOT_FOUND'],
    subjectOf: ({ studyId }) => ({ kind: 'study', studyId: studyId! }),
    example: { kind: 'study', studyId: 'heart-2026' },
  },
  {
    path: GATEWAY_PATHS.evidenceOfModel,
    operationId: 'getEvidenceOfModel',
    summary: 'A file that proves the lineage of a model, and shows no more than that takes.',
    description:
      'The rounds and the publication are shown with their signatures; the digest that was published closes the rest. ' +
      'Blocks of consents, updates and other studies are left out: ask for the study where they matter.',
    params: ofStudy,
    errors: ['STUDY_NOT_FOUND', 'MODEL_NOT_FOUND'],
    subjectOf: ({ studyId }) => ({ kind: 'model', studyId: studyId! }),
    example: { kind: 'model', studyId: 'heart-2026' },
  },
  {
    path: GATEWAY_PATHS.evidenceOfDataset,
    operationId: 'getEvidenceOfDataset',
    summary:
      'A file that proves every use of a dataset: which studies, which consents, which charges, and what is left.',
    description:
      'It shows every change of the accounts of its patients since they were opened, also by other datasets about the ' +
      'same patients.',
    params: Strict({ datasetId: Id }),
    errors: ['DATASET_NOT_FOUND'],
    subjectOf: ({ datasetId }) => ({ kind: 'dataset', datasetId: datasetId! }),
    example: { kind: 'dataset', datasetId: 'heart' },
  },
  {
    path: GATEWAY_PATHS.evidenceOfTransaction,
    operationId: 'getEvidenceOfTransaction',
    summary:
      'A file that proves one transaction, of any gateway: who sent it, who endorsed it, and what it wrote.',
    description:
      'With the blocks that set the policies of what it wrote. One that peers found invalid has no evidence.',
    params: Strict({ transactionId: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
    errors: ['TRANSACTION_NOT_FOUND'],
    subjectOf: ({ transactionId }) => ({ kind: 'transaction', transactionId: transactionId! }),
    example: { kind: 'transaction', transactionId: '0f'.repeat(32) },
  },
];

/** The file's first line. */
const exampleOf = ({ example }: EvidenceRoute): string =>
  `${canonicalJson({
    ...{ blocks: 22, chaincode: 'consilium', channel: 'consortium', format: FORMAT },
    discloses: { blocks: 17, datasets: ['heart'], otherStudies: [], transactions: 23 },
    ...example,
  })}\n`;

export function addEvidenceRoutes(app: FastifyInstance, { ledger, history, witnesses }: Dependencies): void {
  /** Who waits for evidence. */
  const waiting = new Set<string>();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  for (const route of ROUTES) add(route);

  function add(route: EvidenceRoute): void {
    app.get(routeUrl(route.path), {
      config: { roles },
      schema: {
        operationId: route.operationId,
        tags: ['evidence'],
        summary: route.summary,
        description:
          `${route.description}\n\n` +
          'Blocks of the ledger with the signatures of orderers and peers, and what peers of as many organisations as ' +
          'answer sign now. `consilium-verify` checks it without a network, from the digest of the genesis block on. ' +
          'Its first line says what it shows of others. Where the gateway has not checked the whole channel yet, it ' +
          'reads the chain from its peer: minutes for a long one. A key, and a person with several, waits for one file at a ' +
          'time; the gateway stops where a client goes away.\n\n' +
          'Needs any role.',
        security: [{ apiKey: [] }],
        params: route.params,
        response: {
          200: {
            description: 'The file: a line of JSON for each part.',
            content: { [TYPE]: { schema: { type: 'string', examples: [exampleOf(route)] } } },
          },
          ...problemResponses([
            ...EVALUATE_CODES,
            ...route.errors,
            'ENDORSEMENT_FAILED',
            'EVIDENCE_UNPROVEN',
            'EVIDENCE_BUSY',
          ]),
        },
      },
      handler: async (request, reply) => {
        if (request.apiKey === null) throw new Error('evidence is for those with a key');
        const { role, person } = request.apiKey;
        const who = bearerOf(request.apiKey);
        if (waiting.has(who)) {
          throw new GatewayRefusal(
            'EVIDENCE_BUSY',
            'This API key, or its person, waits for evidence already: one at a time.',
          );
        }
        if (waiting.size >= AT_ONCE_MAX) throw new GatewayRefusal('EVIDENCE_BUSY');
        waiting.add(who);
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        try {
          const subject = route.subjectOf(request.params as Readonly<Record<string, string>>);
          const file = await gatherEvidence({ ledger, history }, subject, {
            caller: { role, person },
            signal: AbortSignal.any([gone.signal, closing.signal]),
            log: request.log,
            witnesses,
          });
          reply.header('content-type', TYPE);
          reply.header('content-disposition', `attachment; filename="${fileNameOf(subject)}"`);
          return Buffer.from(file);
        } catch (error) {
          if (gone.signal.aborted) return reply.hijack();
          if (closing.signal.aborted) throw new GatewayRefusal('EVIDENCE_BUSY', 'This gateway is ending.');
          throw error;
        } finally {
          waiting.delete(who);
        }
      },
    });
  }
}

const fileNameOf = ({ kind, ...named }: Subject): string =>
  `evidence-${kind}-${Object.values(named).join('')}.ndjson`;
