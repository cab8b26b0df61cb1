// What a study's plan costs: the privacy events of one round and their Rényi costs.
import { epsilonFromRdp } from '../accounting/ledger-epsilon.ts';
import { rdpOfEvent } from '../accounting/ledger-rdp.ts';
import type { RdpVector } from '../budget.ts';
import { canonicalJson } from '../canonical-json.ts';
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

/** The Rényi cost of one round, by account. */
export const costPerRound = (plan: Plan): { training: RdpVector; heldOut: RdpVector } => ({
  training: rdpOfEvent(plannedTrainingEvent(plan)),
  heldOut: rdpOfEvent(plannedScoreEvent(plan)),
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
  readonly cost: RdpVector;
  readonly delta: string;
  readonly field: string;
}): void {
  const atLeast = epsilonFromRdp(claim.cost, claim.delta);
  if (compareDecimals(claim.claimed, atLeast) >= 0) return;
  throw new DomainError(
    'PRIVACY_COST_UNDERCLAIMED',
    `${claim.field} must be at least ${atLeast} (δ ${claim.delta}), not ${claim.claimed}`,
  );
}
