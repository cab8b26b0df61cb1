// The public surface, by hand: for pages in a browser too, of modules that need nothing of Node (browser.test.ts).
export type {
  Amendment,
  Api,
  Attestation,
  Block,
  Consent,
  CreateApiKeyRequestScope,
  DatasetSummary,
  Departure,
  GetBudgetAnswer,
  GetDatasetAnswer,
  GetReadinessAnswer,
  GetStudyAnswer,
  ListApiKeysAnswerItem,
  ListDeadLettersAnswerItem,
  ListWebhooksAnswerItem,
  Member,
  MemberVote,
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
