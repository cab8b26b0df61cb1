// What was done on the ledger, by study, dataset, hospital, purpose and time.
import { Activity, Id, PageOfRows, RoundNumber, Strict } from '@consilium/domain';
import { Type } from 'typebox';
import { STUDY, UPDATE } from '../http/examples.ts';
import { EXAMPLE_COMMIT, type LedgerRoute } from './ledger-route.ts';

const tag = 'audit';
const ACTIVITY: Activity = {
  schema: 1,
  at: '2026-03-02T09:00:00.000Z',
  transactionId: EXAMPLE_COMMIT.transactionId,
  transaction: 'round:recordUpdate',
  mspId: UPDATE.owner,
  studyId: UPDATE.studyId,
  datasetId: UPDATE.datasetId,
  round: 1,
};
const Indexed = Strict({ studyId: Id, round: Type.Optional(RoundNumber), entries: Type.Integer() });

export const ACTIVITY_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'audit:listActivities',
    tag,
    operationId: 'listActivities',
    description:
      'Oldest first, in pages: pass the bookmark of one page to get the next. `value` is the study, dataset, ' +
      'MSP id or purpose; `all` needs none. `from` is included, `to` is not.',
    errors: ['STUDY_NOT_FOUND', 'DATASET_NOT_FOUND', 'MEMBER_NOT_FOUND'],
    answer: PageOfRows(Activity),
    examples: { answer: { items: [ACTIVITY] } },
  },
  {
    transaction: 'audit:indexStudy',
    tag,
    operationId: 'indexStudy',
    description: 'Only for rows older than the index; sent again it changes nothing.',
    errors: ['STUDY_NOT_FOUND', 'ROUND_NOT_FOUND'],
    answer: Indexed,
    examples: { body: { round: 1 }, answer: { studyId: STUDY.studyId, round: 1, entries: 9 } },
  },
];
