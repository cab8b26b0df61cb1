// The life of a study, as data. The diagram in docs/ is tested against this table.
/** The states of a study. `completed` and `aborted` are final. */
export const STUDY_STATES = ['proposed', 'running', 'paused', 'completed', 'aborted'] as const;
export type StudyState = (typeof STUDY_STATES)[number];
export const STUDY_EVENTS = ['start', 'pause', 'resume', 'publish', 'abort', 'retire'] as const;
export type StudyEvent = (typeof STUDY_EVENTS)[number];

/** Every change of state that is allowed, with the event that causes it. */
export const STUDY_TRANSITIONS: readonly { from: StudyState; event: StudyEvent; to: StudyState }[] = [
  { from: 'proposed', event: 'start', to: 'running' },
  { from: 'proposed', event: 'abort', to: 'aborted' },
  { from: 'proposed', event: 'retire', to: 'aborted' },
  { from: 'running', event: 'publish', to: 'completed' },
  { from: 'running', event: 'abort', to: 'aborted' },
  { from: 'running', event: 'pause', to: 'paused' },
  { from: 'paused', event: 'resume', to: 'running' },
  { from: 'paused', event: 'abort', to: 'aborted' },
];
