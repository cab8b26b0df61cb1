// Publishing a study's model: the parameters of its last finalised round.
import { DomainError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { StudyRow } from '../study.ts';
import { completeStudy, requireRunning } from './study-rules.ts';

/**
 * The model of a study whose planned rounds have all ended, and the completed study.
 *
 * @throws DomainError STUDY_STATE where rounds are left or none was finalised, NOT_A_PARTICIPANT
 */
export function publishModel(
  study: StudyRow,
  context: { readonly mspId: string; readonly at: string; readonly rounds: readonly Round[] },
): { study: StudyRow; model: Model } {
  const { mspId, at, rounds } = context;
  requireRunning(study);
  const ended = rounds.filter(({ state }) => state === 'finalized' || state === 'aborted');
  if (ended.length < study.rounds) {
    throw new DomainError('STUDY_STATE', `${ended.length} of ${study.rounds} planned rounds have ended`);
  }
  const finalized = ended.filter(({ state }) => state === 'finalized');
  const last = finalized.at(-1);
  if (last === undefined) {
    throw new DomainError('STUDY_STATE', 'no round was finalised, so there is no model: abort the study');
  }
  if (mspId !== study.requester && !ended.at(-1)!.validators.includes(mspId)) {
    throw new DomainError('NOT_A_PARTICIPANT', `${mspId} takes no part in study ${study.studyId}`);
  }
  return {
    study: completeStudy(study, at),
    model: {
      schema: ROW_SCHEMA.model,
      studyId: study.studyId,
      graph: study.model.graph,
      parameters: last.aggregate!,
      round: last.round,
      rounds: finalized.map(({ round }) => round),
      datasets: [...new Set(finalized.flatMap(({ included }) => included ?? []))].sort(),
      publishedBy: mspId,
      publishedAt: at,
    },
  };
}
