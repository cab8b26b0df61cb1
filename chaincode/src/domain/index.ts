// The one vocabulary of the ledger, the gateway and the trainer. Nothing here knows Fabric, a clock or I/O.
export { calibrateNoiseMultiplier } from './accounting/calibrate-noise.ts';
export { epsilonOfRdp, REPORT_ORDERS } from './accounting/epsilon-of-rdp.ts';
export { GAUSSIAN_DECIMALS, gaussianOfEvent, standInMultiplier } from './accounting/gaussian-cost.ts';
export { epsilonFromGaussian } from './accounting/gaussian-epsilon.ts';
export { bestOrder, epsilonAtOrder, epsilonFromRdp } from './accounting/ledger-epsilon.ts';
export { rdpOfEvent } from './accounting/ledger-rdp.ts';
export * from './accounting/pld/index.ts';
export { costOfEvent, epsilonOf, epsilonOfCost, type PrivacyCost } from './accounting/privacy-cost.ts';
export {
  addRdp,
  isZeroRdp,
  LEDGER_ORDERS,
  subtractRdp,
  timesRdp,
  UNBOUNDED_RDP,
  zeroRdp,
} from './accounting/rdp-vector.ts';
export { rdpSampledGaussian, type SampledGaussian } from './accounting/sampled-gaussian.ts';
export * from './activity.ts';
export * from './aggregation.ts';
export * from './answers.ts';
export * from './argument-limits.ts';
export * from './attestation.ts';
export * from './averaging.ts';
export * from './budget.ts';
export * from './caller-assertion.ts';
export * from './canonical-json.ts';
export * from './consent.ts';
export * from './contribution.ts';
export * from './dataset.ts';
export { compareDecimals } from './decimal.ts';
export * from './dictionary.ts';
export * from './encryption-key.ts';
export * from './equivocation.ts';
export * from './errors.ts';
export * from './local-routes.ts';
export * from './member.ts';
export * from './model.ts';
export * from './motion.ts';
export * from './noised-accuracy.ts';
export * from './optimisation.ts';
export * from './primitives.ts';
export * from './privacy-charge.ts';
export * from './privacy-event.ts';
export * from './receipt.ts';
export * from './roles.ts';
export * from './round.ts';
export * from './round-transitions.ts';
export { presentForm, ROW_SCHEMA, type RowKind } from './row-schema.ts';
export { supportersOf } from './rules/aggregate-rules.ts';
export { contributionsOf } from './rules/contribution-rules.ts';
export { purposeAllowed } from './rules/dataset-rules.ts';
export { budgetWarnings, isSmallDelta, largestAdvisedDelta } from './rules/delta-advice.ts';
export { checkDictionary, dictionaryProblems } from './rules/dictionary-rules.ts';
export { joinLineage, lineageProblems, type Sha256Of, sealOf } from './rules/lineage-rules.ts';
export { leaderOf, weightIn, weightsOf } from './rules/participation-rules.ts';
export { plannedScoreEvent, plannedTrainingEvent } from './rules/plan-cost.ts';
export { defaultPublicTimes, publicTimeMs } from './rules/public-times.ts';
export { receiptOf } from './rules/receipt-rules.ts';
export { nextBase } from './rules/round-rules.ts';
export { planDigest, studyDigest } from './rules/study-rules.ts';
export { type Tally, tallyIn, tallyOf } from './rules/tally.ts';
export { transition } from './rules/transition.ts';
export * from './server-optimizer.ts';
export * from './study.ts';
export * from './study-transitions.ts';
export * from './transactions.ts';
export * from './update.ts';
export * from './used-once.ts';
export * from './validate.ts';
export * from './verdict.ts';
