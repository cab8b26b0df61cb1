// The steps that say nothing new: they move a round or a study on from what the ledger already holds.
import type { Action } from '../study/next-action.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

export type PlainStep = Extract<Action, { kind: 'close' | 'tally' | 'abort' | 'publish' | 'settle' }>;

export async function takePlainStep(
  context: TrainerContext,
  studyId: string,
  action: PlainStep,
): Promise<void> {
  switch (action.kind) {
    case 'close':
      return submit(context, 'round:close', { argument: { studyId, round: action.round } });
    case 'tally':
      return submit(context, 'round:tally', { argument: { studyId, round: action.round } });
    case 'abort': {
      const { round, reason } = action;
      return submit(context, 'round:abort', { argument: { studyId, round, reason } });
    }
    case 'publish':
      return submit(context, 'model:publish', { argument: { studyId } });
    case 'settle': {
      const { datasetId } = action;
      return submit(context, 'study:settle', { argument: { studyId, datasetId }, subject: datasetId });
    }
  }
}
