// A consent lets one study use one dataset and reserves the study's whole privacy cost from the dataset's
// budget. What the study did not spend is returned when the consent is settled.
import { type Static, Type } from 'typebox';
import { RdpVector } from './budget.ts';
import { Decimal, Id, Instant, MspId, Reason, Strict, Words } from './primitives.ts';

/** What the client says a reservation costs (ε at the budget's δ); the ledger refuses an under-claim. */
export const ClaimedCost = Strict({ training: Decimal, heldOut: Decimal });
export type ClaimedCost = Static<typeof ClaimedCost>;

export const GrantConsent = Strict({ studyId: Id, datasetId: Id, claimedEpsilon: ClaimedCost });
export type GrantConsent = Static<typeof GrantConsent>;
export const WithdrawConsent = Strict({ studyId: Id, datasetId: Id, reason: Reason });
export const ConsentRef = Strict({ studyId: Id, datasetId: Id });

export const CONSENT_STATES = ['granted', 'withdrawn', 'settled'] as const;

export const Consent = Strict({
  schema: Type.Literal(1),
  studyId: Id,
  datasetId: Id,
  owner: MspId,
  state: Words(CONSENT_STATES),
  claimedEpsilon: ClaimedCost,
  costPerRound: Strict({ training: RdpVector, heldOut: RdpVector }),
  rounds: Type.Integer({ minimum: 1 }),
  grantedAt: Instant,
  withdrawnAt: Type.Optional(Instant),
  settledAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
});
export type Consent = Static<typeof Consent>;
