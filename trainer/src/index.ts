// The trainer's public surface: putting one together, and the parts that it is put together of.

export { EventStreamParser, type LedgerEvent } from '@consilium/client';
export { ConfigError } from '@consilium/command-line';
export { ArtefactExchange } from './artefacts/artefact-exchange.ts';
export { buildTrainer, type Trainer, type TrainerParts } from './assemble-trainer.ts';
export { type Config, ENVIRONMENT, readConfig } from './config.ts';
export { TRAINER_ERRORS, TrainerError, type TrainerErrorCode } from './errors.ts';
export { GatewayClient, type GatewayOptions, GatewayProblem, type Ledger } from './gateway/gateway-client.ts';
export { type EventsOptions, followEvents } from './gateway/gateway-events.ts';
export { Journal } from './journal/journal.ts';
export type { Release, ReleaseKey } from './journal/journal-records.ts';
export { type ServiceOptions, TrainerService } from './study/drive-studies.ts';
export {
  type Counts,
  countClasses,
  countJudgements,
  noiseAll,
  noiseCounts,
  noisedAccuracy,
} from './study/held-out-score.ts';
export { type Job, JobBoard, type JobError } from './study/job-board.ts';
export type { StudyState } from './study/ledger-state.ts';
export { type Action, nextAction, type Situation } from './study/next-action.ts';
