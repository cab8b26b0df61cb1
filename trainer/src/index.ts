// The trainer's public surface: putting one together, and the parts that it is put together of.
export { ArtefactExchange } from './artefact-exchange.ts';
export { type Config, ConfigError, ENVIRONMENT, readConfig } from './config.ts';
export { TRAINER_ERRORS, TrainerError, type TrainerErrorCode } from './errors.ts';
export { GatewayClient, type GatewayOptions, GatewayProblem, type Ledger } from './gateway-client.ts';
export { EventStreamParser, type EventsOptions, followEvents, type LedgerEvent } from './gateway-events.ts';
export {
  type Counts,
  countClasses,
  countJudgements,
  noiseAll,
  noiseCounts,
  noisedAccuracy,
} from './held-out-score.ts';
export { type Job, JobBoard, type JobError } from './job-board.ts';
export { Journal, type Release, type ReleaseKey } from './journal.ts';
export type { StudyState } from './ledger-state.ts';
export { type Action, nextAction, type Situation } from './next-action.ts';
export { type ServiceOptions, TrainerService } from './service.ts';
export { buildTrainer, type Trainer, type TrainerParts } from './trainer.ts';
