// What a study's plan costs: the privacy events of one round, and what they cost each account.
import { costOfEvent, epsilonOfCost, type PrivacyCost, timesCost } from '../accounting/privacy-cost.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Consent } from '../consent.ts';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import type { PrivacyEvent } from '../privacy-event.ts';
import type { Study } from '../study.ts';

type Plan = Pick<Study, 'training' | 'validation' | 'unit'>;

/** One round of training on one dataset. */
export const plannedTrainingEvent = ({ training, unit }: Plan): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: training.noiseMultiplier,
  samplingRate: training.samplingRate,
  steps: training.stepsPerRound,
  adjacency: 'add-or-remove-one',
  unit,
  pool: 'training',
});

/** One score on one dataset's held-out units. */
export const plannedScoreEvent = ({ validation, unit }: Plan): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: validation.noiseMultiplier,
  samplingRate: '1',
  steps: 1,
  adjacency: 'add-or-remove-one',
  unit,
  pool: 'held-out',
});

/** What one round costs, by account. */
export interface RoundCost {
  readonly training: PrivacyCost;
  readonly heldOut: PrivacyCost;
}

/** What one round of a plan costs a dataset's two accounts. */
export const costPerRound = (plan: Plan): RoundCost => ({
  training: costOfEvent(plannedTrainingEvent(plan)),
  heldOut: costOfEvent(plannedScoreEvent(plan)),
});

export const timesRounds = ({ training, heldOut }: RoundCost, n: number): RoundCost => ({
  training: timesCost(training, n),
  heldOut: timesCost(heldOut, n),
});

/** A cost as a consent records it. */
export const recordedCost = ({
  training,
  heldOut,
}: RoundCost): Pick<Consent, 'costPerRound' | 'gaussianPerRound'> => ({
  costPerRound: { training: training.renyi, heldOut: heldOut.renyi },
  ...(training.gaussian !== undefined &&
    heldOut.gaussian !== undefined && {
      gaussianPerRound: { training: training.gaussian, heldOut: heldOut.gaussian },
    }),
});

/** What a consent reserved for one round, and is charged for it: as recorded, whatever a later version computes. */
export const reservedCost = ({
  costPerRound: renyi,
  gaussianPerRound: gaussian,
}: Pick<Consent, 'costPerRound' | 'gaussianPerRound'>): RoundCost => ({
  training: { renyi: renyi.training, gaussian: gaussian?.training },
  heldOut: { renyi: renyi.heldOut, gaussian: gaussian?.heldOut },
});

/** @throws DomainError PRIVACY_EVENT_MISMATCH naming the first field that differs from the plan's event. */
export function checkEvent(event: PrivacyEvent, planned: PrivacyEvent): void {
  if (canonicalJson(event) === canonicalJson(planned)) return;
  const field = (Object.keys(planned) as (keyof PrivacyEvent)[]).find((key) => event[key] !== planned[key]);
  throw new DomainError(
    'PRIVACY_EVENT_MISMATCH',
    `privacyEvent.${field} must be ${field && planned[field]}, as the study's plan reserved`,
  );
}

/** @throws DomainError PRIVACY_COST_UNDERCLAIMED naming the least claim that is honest. */
export function checkClaim(claim: {
  readonly claimed: string;
  readonly cost: PrivacyCost;
  readonly delta: string;
  readonly field: string;
}): void {
  const atLeast = epsilonOfCost(claim.cost, claim.delta);
  if (compareDecimals(claim.claimed, atLeast) >= 0) return;
  throw new DomainError(
    'PRIVACY_COST_UNDERCLAIMED',
    `${claim.field} must be at least ${atLeast} (δ ${claim.delta}), not ${claim.claimed}`,
  );
}
