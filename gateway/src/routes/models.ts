// Outcomes of studies.
import { Lineage, Model, ModelAnswer, PageOfRows } from '@consilium/domain';
import { ATTESTATION, CONSENT, DATASET, MODEL, ROUND, STUDY, UPDATE, VERDICT } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'models';

export const MODEL_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'model:publish',
    tag,
    operationId: 'publishModel',
    description: 'Completes the study. The trainers do this by themselves after the last round.',
    errors: [
      'STUDY_NOT_FOUND',
      'STUDY_STATE',
      'ROUND_NUMBER',
      'ROUND_INCOMPLETE',
      'NOT_A_PARTICIPANT',
      'NOT_THE_REQUESTER',
    ],
    answer: Model,
    creates: true,
    examples: { answer: MODEL },
  },
  {
    transaction: 'model:get',
    tag,
    operationId: 'getModel',
    description:
      'References and hashes; the ONNX file itself comes from GET /v1/local/models/{studyId}/onnx. Where consents behind ' +
      'it were withdrawn it says which, and `retiredAt` where its study said beforehand that it is then not to be used.',
    errors: ['STUDY_NOT_FOUND', 'MODEL_NOT_FOUND'],
    answer: ModelAnswer,
    examples: { answer: MODEL },
  },
  {
    transaction: 'model:getLineage',
    tag,
    operationId: 'getModelLineage',
    description: 'Who used which data, under which consent, at what cost: the whole answer for an auditor.',
    errors: ['STUDY_NOT_FOUND', 'MODEL_NOT_FOUND'],
    answer: Lineage,
    examples: {
      answer: {
        model: MODEL,
        study: { ...STUDY, state: 'completed' },
        datasets: [DATASET],
        consents: [CONSENT],
        rounds: [{ round: ROUND, updates: [UPDATE], verdicts: [VERDICT], attestations: [ATTESTATION] }],
      },
    },
  },
  {
    transaction: 'model:list',
    tag,
    operationId: 'listModels',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { owner: 'publishedBy', at: 'publishedAt' },
    errors: [],
    answer: PageOfRows(Model),
    examples: { answer: { items: [MODEL] } },
  },
];
