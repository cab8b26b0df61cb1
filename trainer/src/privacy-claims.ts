// The privacy events of a study's releases, exactly as its plan reserved them, and what they cost.
import { type Dataset, epsilonOf, type PrivacyEvent, type Study } from '@consilium/chaincode/domain';

/** One round of training on one dataset. */
export const trainingEvent = ({ training, unit }: Study): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: training.noiseMultiplier,
  samplingRate: training.samplingRate,
  steps: training.stepsPerRound,
  adjacency: 'add-or-remove-one',
  unit,
  pool: 'training',
});

/** One score on one dataset's held-out units. */
export const scoreEvent = ({ validation, unit }: Study): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: validation.noiseMultiplier,
  samplingRate: '1',
  steps: 1,
  adjacency: 'add-or-remove-one',
  unit,
  pool: 'held-out',
});

/** An event's own ε at the δ of the dataset's budget, rounded up as the ledger rounds. */
export const claimOf = (event: PrivacyEvent, { privacyBudget }: Pick<Dataset, 'privacyBudget'>): string =>
  epsilonOf([{ event, count: 1 }], privacyBudget.delta);
