// The public surface, by hand.
export type {
  Api,
  Attestation,
  Block,
  Consent,
  DatasetSummary,
  GetBudgetAnswer,
  GetDatasetAnswer,
  GetReadinessAnswer,
  GetStudyAnswer,
  Member,
  Model,
  Motion,
  Operation,
  Population,
  PrivacyCharge,
  Problem,
  ProposeStudy,
  Revision,
  Round,
  RoundDossier,
  StudySummary,
  Update,
} from './api.generated.ts';
export { ROUTES } from './api.generated.ts';
export type {
  ClientOptions,
  EventStart,
  Item,
  ListName,
  OperationName,
  RawRequest,
  Request,
  RequestOptions,
} from './client.ts';
export { Client, targetOf } from './client.ts';
export { EventStreamParser, type LedgerEvent } from './event-stream.ts';
export { NO_PROBLEM, NoAnswerError, ProblemError, problemIn } from './problems.ts';
