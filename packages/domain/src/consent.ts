// A consent lets one study use one dataset and reserves the study's whole privacy cost from the dataset's
// budget. What the study did not spend is returned when the consent is settled.
import { type Static, Type } from 'typebox';
import { BlockNumbers } from './block.ts';
import { GaussianSum, RdpVector } from './budget.ts';
import { Membership } from './member.ts';
import {
  Decimal,
  Described,
  type Filled,
  Id,
  Instant,
  MspId,
  Reason,
  RowSchema,
  Sha256,
  Strict,
  Words,
} from './primitives.ts';
import { RecordedShares } from './revision.ts';

/** What the client says a reservation costs (ε at the budget's δ); the ledger refuses an under-claim. */
export const ClaimedCost = Strict({ training: Decimal, heldOut: Decimal });
export type ClaimedCost = Static<typeof ClaimedCost>;

const TextRead = {
  studySha256: Type.Optional(
    Described(
      Sha256,
      'Digest of the text that was read, from the quote: refused where the study has another.',
    ),
  ),
};
const BlocksGiven = {
  blocks: Type.Optional(
    Described(
      BlockNumbers,
      "The blocks of patients that it gives; every open one of the dataset's present revision where absent.",
    ),
  ),
};
export const GrantConsent = Strict({
  studyId: Id,
  datasetId: Id,
  claimedEpsilon: Described(ClaimedCost, 'Of each of the blocks: a person is in one of them.'),
  ...BlocksGiven,
  ...TextRead,
});
export type GrantConsent = Static<typeof GrantConsent>;
export const WithdrawConsent = Strict({ studyId: Id, datasetId: Id, reason: Reason });
/** Why a hospital declines a study; the reason says it in words. */
export const DECLINE_CODES = ['purpose', 'privacy-cost', 'ethics', 'data', 'capacity', 'other'] as const;

/** What a steward says to decline a study for one dataset. */
export const DeclineStudy = Strict({
  studyId: Id,
  datasetId: Id,
  code: Words(DECLINE_CODES, 'What kind of reason it is.'),
  reason: Reason,
});
export type DeclineStudy = Static<typeof DeclineStudy>;

/** A declined study, as a row: of one text of it. A consent may follow it all the same. */
export const Decline = Strict({
  schema: RowSchema,
  ...DeclineStudy.properties,
  owner: MspId,
  steward: Type.String({ description: 'Enrolment id.' }),
  studyVersion: Type.Integer({ minimum: 1, description: 'The text declined.' }),
  number: Type.Integer({
    minimum: 1,
    description: 'How often the dataset has declined the study with this.',
  }),
  declinedAt: Instant,
});
export type Decline = Static<typeof Decline>;

export const ApproveConsent = Strict({ studyId: Id, datasetId: Id, ...BlocksGiven, ...TextRead });
export type ApproveConsent = Static<typeof ApproveConsent>;
export const ConsentRef = Strict({ studyId: Id, datasetId: Id });
export const AskQuote = Strict({ studyId: Id, datasetId: Id, ...BlocksGiven });
export type AskQuote = Static<typeof AskQuote>;

/** Which patients a consent, or an approval of one, is about; block 1 of the first revision where absent. */
const PatientsGiven = {
  revision: Type.Optional(Type.Integer({ minimum: 1, description: 'Of the dataset: what is trained on.' })),
  blocks: Type.Optional(
    Described(
      RecordedShares,
      'Each with how many of its patients are in that revision. Only they are trained on.',
    ),
  ),
};

export const CONSENT_STATES = ['granted', 'withdrawn', 'settled'] as const;

/** An owner's consent to use one dataset in one study, with what it reserves of both accounts. */
export const Consent = Strict({
  schema: RowSchema,
  studyId: Id,
  datasetId: Id,
  owner: MspId,
  membership: Type.Optional(Described(Membership, 'The membership of its owner that it was given in.')),
  state: Words(CONSENT_STATES),
  claimedEpsilon: ClaimedCost,
  costPerRound: Strict({ training: RdpVector, heldOut: RdpVector }),
  gaussianPerRound: Type.Optional(
    Described(Strict({ training: GaussianSum, heldOut: GaussianSum }), 'The same cost as μ².'),
  ),
  rounds: Type.Integer({ minimum: 1 }),
  grantedAt: Instant,
  withdrawnAt: Type.Optional(Instant),
  scorableRound: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'The round whose candidate its owner could have scored, and had not judged, at the withdrawal; 0 for none.',
    }),
  ),
  settledAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
  studyVersion: Type.Optional(Type.Integer({ minimum: 1, description: 'The text consented to.' })),
  stewards: Type.Optional(
    Type.Array(Type.String(), { description: 'Enrolment ids of those who consented.' }),
  ),
  studySha256: Type.Optional(
    Described(Sha256, "Digest of the text consented to: the study's fields as proposed, in canonical JSON."),
  ),
  planSha256: Type.Optional(
    Described(Sha256, 'Digest of what of that text no amendment changes; updates and scores are held to it.'),
  ),
  ...PatientsGiven,
});
export type Consent = Static<typeof Consent>;
/** A consent as the ledger reads it. */
export type ConsentRow = Filled<Consent, 'studyVersion' | 'stewards'>;

/** A consent that is not settled, under its owner: where this hospital's work is. */
export const OpenConsent = Strict({ schema: RowSchema, owner: MspId, studyId: Id, datasetId: Id });
export type OpenConsent = Static<typeof OpenConsent>;

/** One steward's word where a dataset's policy asks for several; the last of them gives the consent itself. */
export const ConsentApproval = Strict({
  schema: RowSchema,
  studyId: Id,
  datasetId: Id,
  owner: MspId,
  membership: Type.Optional(Described(Membership, 'The membership of its owner that it was given in.')),
  steward: Type.String({ description: 'Enrolment id.' }),
  studyVersion: Type.Integer({ minimum: 1 }),
  ...PatientsGiven,
  declines: Type.Optional(
    Type.Integer({ minimum: 1, description: 'How often the dataset had declined the study before this.' }),
  ),
  approvedAt: Instant,
});
export type ConsentApproval = Static<typeof ConsentApproval>;
