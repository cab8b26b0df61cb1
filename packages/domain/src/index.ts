// The one vocabulary of the ledger, the gateway and the trainer. Nothing here knows Fabric, a clock or I/O.
export { standInMultiplier } from './accounting/gaussian-cost.ts';
export { epsilonFromRdp } from './accounting/ledger-epsilon.ts';
export { rdpOfEvent } from './accounting/ledger-rdp.ts';
export { epsilonOf } from './accounting/privacy-cost.ts';
export { addRdp, isZeroRdp, LEDGER_ORDERS, timesRdp, zeroRdp } from './accounting/rdp-vector.ts';
export { Activity, type ActivityIndex } from './activity.ts';
export { AGGREGATION_RULES, type AggregationRule, FAULTY_DEFAULT, fewestUpdates } from './aggregation.ts';
export {
  BlockQuote,
  BudgetStatement,
  ConsentQuote,
  DatasetErasures,
  DepartureAnswer,
  Lineage,
  MemberBallot,
  ModelAnswer,
  MotionRecord,
  PageOfRows,
  PolicyRef,
  RenewedPolicies,
  RoundDossier,
  RowVersion,
  StudyAnswer,
  StudyQuorum,
  StudyRecord,
  VerdictAnswer,
  WithdrawnDataset,
} from './answers.ts';
export {
  ARGUMENT_BYTES_MAX,
  argumentLimitsOf,
  parseArgument,
  requireBytes,
  STATEMENT_BYTES_MAX,
} from './argument-limits.ts';
export { Attestation } from './attestation.ts';
export { BLOCKS_MAX, Block, BlockNumber, BlockShare, CountedPatients, NewBlock } from './block.ts';
export { Budget, BudgetRow, BudgetVersion } from './budget.ts';
export { ASSERTION, assertionAudience, CallerAssertion } from './caller-assertion.ts';
export { canonicalJson, type Sha256Of } from './canonical-json.ts';
export {
  Consent,
  ConsentApproval,
  type ConsentRow,
  DECLINE_CODES,
  Decline,
  DeclineStudy,
  OpenConsent,
} from './consent.ts';
export { Contribution, RoundContributions } from './contribution.ts';
export {
  Dataset,
  type DatasetRow,
  DatasetSummary,
  PURPOSES,
  populationIdOf,
  RegisterDataset,
  summaryOfDataset,
} from './dataset.ts';
export { compareDecimals } from './decimal.ts';
export {
  Dictionary,
  Feature,
  LabelRule,
} from './dictionary.ts';
export {
  type EncodedFeature,
  type EncodedTarget,
  encodingOf,
  inputNames,
  targetOf,
} from './dictionary-encoding.ts';
export { DUO_LABELS, DuoLabels, duoLabelsIn } from './duo-labels.ts';
export { encryptionKeyProblem, keyProofMessage } from './encryption-key.ts';
export { Equivocation, type StatementKind } from './equivocation.ts';
export { AttestErasure, ERASURE_DAYS, Erasure } from './erasure.ts';
export { DomainError, ERRORS, type ErrorCode, type ErrorKind, parseDomainError } from './errors.ts';
export { LOCAL_ROUTES, type LocalRoute, type LocalRouteName, localTarget } from './local-routes.ts';
export {
  Departure,
  LeaveMember,
  MEMBER_QUESTIONS,
  Member,
  MemberKey,
  type MemberQuestion,
  type MemberRow,
  MemberVote,
  membershipOf,
  PresentKey,
  RegisterMember,
  RotateKey,
  VoteOnMember,
} from './member.ts';
export { Model } from './model.ts';
export { Amendment, CastVote, Motion, MoveMotion, Vote } from './motion.ts';
export {
  accuracyOf,
  type CountForm,
  countsOf,
  type NoisedCounts,
  poolCounts,
  scoreSigma,
} from './noised-accuracy.ts';
export { isInRange, type NumberRange, optimisationParts } from './optimisation.ts';
export { Population, RegisterPopulation } from './population.ts';
export {
  ArtefactRef,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  Sha256,
  Strict,
  Words,
} from './primitives.ts';
export { PrivacyCharge } from './privacy-charge.ts';
export { POOLS, type Pool, PrivacyEvent, UNITS } from './privacy-event.ts';
export { type Problem, problem, sentenceOf, within } from './problem.ts';
export { bandOf } from './public-bands.ts';
export { Receipt } from './receipt.ts';
export { bandWeight, RecordCountBand } from './record-count-band.ts';
export {
  API_PREFIX,
  fillPath,
  GATEWAY_PATHS,
  LEDGER_PATHS,
  ledgerPath,
  type PathValues,
  placesOf,
  QUESTION_PATHS,
} from './rest-paths.ts';
export { RecordedShare, ReviseDataset, Revision, RevisionNumber } from './revision.ts';
export { ROLE_ATTRIBUTE, ROLES, type Role } from './roles.ts';
export { ParametersRef, Round, type RoundRow } from './round.ts';
export { ROUND_STATES, ROUND_TRANSITIONS } from './round-transitions.ts';
export { presentForm, ROW_SCHEMA, type RowKind } from './row-schema.ts';
export { accountFrom, type BehindAccount } from './rules/account-sums.ts';
export { supportersOf } from './rules/aggregate-rules.ts';
export { type BudgetForecast, forecastBudget, type SpentAt } from './rules/budget-forecast.ts';
export { epsilonOfRounds, statementOf } from './rules/budget-rules.ts';
export { contributionsOf } from './rules/contribution-rules.ts';
export { purposeAllowed } from './rules/dataset-rules.ts';
export { budgetWarnings, isSmallDelta, largestAdvisedDelta } from './rules/delta-advice.ts';
export { dictionaryProblems } from './rules/dictionary-rules.ts';
export { erasuresOf } from './rules/erasure-rules.ts';
export { joinLineage, lineageProblems, sealOf } from './rules/lineage-rules.ts';
export { inMembership } from './rules/membership-rules.ts';
export {
  asWithdrawn,
  countedUpdates,
  judgesOf,
  leaderOf,
  weightIn,
  weightsOf,
  withdrawnOf,
} from './rules/participation-rules.ts';
export { plannedScoreEvent, plannedTrainingEvent } from './rules/plan-cost.ts';
export { defaultPublicTimes, publicTimeMs } from './rules/public-times.ts';
export { receiptOf } from './rules/receipt-rules.ts';
export { blocksOf, datasetIn, patientsIn, rangeOf, revisionOf } from './rules/revision-rules.ts';
export { lostQuorum, nextBase } from './rules/round-rules.ts';
export { sealedToStudyKeys } from './rules/study-key-rules.ts';
export { planDigest, studyDigest } from './rules/study-rules.ts';
export { tallyIn, tallyOf } from './rules/tally.ts';
export { transition } from './rules/transition.ts';
export { groundsOf } from './rules/verdict-grounds.ts';
export { ScoreCommitment } from './score-commitment.ts';
export {
  OPEN_STUDIES_MAX,
  OpenStudy,
  openStage,
  Participant,
  ProposeStudy,
  retirableAtMs,
  STUDY_BYTES_MAX,
  Study,
  type StudyRow,
  StudySummary,
  studyText,
  summaryOfStudy,
} from './study.ts';
export { RecordedStudyKeys, RecordStudyKeys, StudyKey, studyKeyProofMessage } from './study-key.ts';
export { STUDY_STATES, STUDY_TRANSITIONS } from './study-transitions.ts';
export {
  type Argument,
  HISTORY_NOUNS,
  POLICY_KINDS,
  TRANSACTIONS,
  type Transaction,
  type TransactionName,
  transactionNamed,
} from './transactions.ts';
export { RecordUpdate, Update } from './update.ts';
export { Commitment, Release } from './used-once.ts';
export { validate } from './validate.ts';
export { Decision, RecordVerdict, Score, Verdict } from './verdict.ts';
