// State machines are tables; this is the one place that reads them.
import { DomainError, type ErrorCode } from '../errors.ts';
import { ROUND_TRANSITIONS, type RoundEvent, type RoundState } from '../round-transitions.ts';
import { STUDY_TRANSITIONS, type StudyEvent, type StudyState } from '../study-transitions.ts';

/** One row of a state machine: from a state, by an event, to a state. */
export interface Transition<State extends string, Event extends string> {
  readonly from: State;
  readonly event: Event;
  readonly to: State;
}

/** The state that an event leads to, or undefined where the table has no such transition. */
export const transition = <State extends string, Event extends string>(
  table: readonly Transition<State, Event>[],
  state: State,
  event: Event,
): State | undefined => table.find((row) => row.from === state && row.event === event)?.to;

const refused = (code: ErrorCode, subject: string, state: string, event: string): DomainError =>
  new DomainError(code, `${subject} is ${state}: ${event} is not possible`);

/** @throws DomainError STUDY_STATE */
export function nextStudyState(study: { studyId: string; state: StudyState }, event: StudyEvent): StudyState {
  const to = transition(STUDY_TRANSITIONS, study.state, event);
  if (to === undefined) throw refused('STUDY_STATE', `study ${study.studyId}`, study.state, event);
  return to;
}

/** @throws DomainError ROUND_CLOSED */
export function nextRoundState(round: { round: number; state: RoundState }, event: RoundEvent): RoundState {
  const to = transition(ROUND_TRANSITIONS, round.state, event);
  if (to === undefined) throw refused('ROUND_CLOSED', `round ${round.round}`, round.state, event);
  return to;
}
