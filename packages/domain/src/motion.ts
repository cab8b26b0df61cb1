// A motion asks the hospitals of a running study to decide something together: to pause it, to resume it, or to
// amend it. Pausing and resuming need as many hospitals as a model does; an amendment needs all of them, since
// each consented to a text.
import { type Static, Type } from 'typebox';
import { ClaimedCost } from './consent.ts';
import { Membership } from './member.ts';
import { Decimal, Described, Id, Instant, MspId, Reason, RowSchema, Strict, Words } from './primitives.ts';

export const MOTION_KINDS = ['pause', 'resume', 'amend'] as const;
export const MOTION_STATES = ['open', 'carried', 'rejected', 'lapsed'] as const;

/** What an amendment may change. The model, the mechanism and the aggregation stay as consented to. */
export const Amendment = Strict({
  rounds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'More rounds. Each hospital reserves them with its vote.',
    }),
  ),
  roundDeadlineSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 2_592_000 })),
  validationMinimum: Type.Optional(Decimal),
  quorum: Type.Optional(
    Strict({
      updates: Type.Integer({ minimum: 1, maximum: 100 }),
      validators: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
  ),
  addDatasets: Type.Optional(
    Type.Array(Id, { minItems: 1, maxItems: 100, description: 'Datasets that are asked for consent too.' }),
  ),
});
export type Amendment = Static<typeof Amendment>;

/** What a hospital says when it moves to pause, resume or amend a study. */
export const MoveMotion = Strict({
  studyId: Id,
  kind: Words(MOTION_KINDS),
  amendment: Type.Optional(Described(Amendment, 'For kind amend, and only for it.')),
  reason: Reason,
});
export type MoveMotion = Static<typeof MoveMotion>;

export const MotionNumber = Type.Integer({ minimum: 1, maximum: 10_000 });
export const MotionRef = Strict({ studyId: Id, motion: MotionNumber });

/** One hospital's vote on a motion. */
export const CastVote = Strict({
  ...MotionRef.properties,
  accept: Type.Boolean(),
  claims: Type.Optional(
    Type.Array(Strict({ datasetId: Id, claimedEpsilon: ClaimedCost }), {
      maxItems: 100,
      description: 'For more rounds: what they cost each own consenting dataset, at least.',
    }),
  ),
});
export type CastVote = Static<typeof CastVote>;

/** A proposal to pause, resume or amend a running study, as a row. */
export const Motion = Strict({
  schema: RowSchema,
  ...MoveMotion.properties,
  motion: MotionNumber,
  studyVersion: Type.Integer({ minimum: 1, description: 'The text it amends.' }),
  state: Words(MOTION_STATES),
  movedBy: MspId,
  membership: Type.Optional(Described(Membership, 'The membership of its mover.')),
  movedAt: Instant,
  decidedAt: Type.Optional(Instant),
});
export type Motion = Static<typeof Motion>;

/** The vote of one hospital, with every steward who gave it. */
export const Vote = Strict({
  schema: RowSchema,
  studyId: Id,
  motion: MotionNumber,
  mspId: MspId,
  accept: Type.Boolean(),
  stewards: Type.Array(Type.String(), { description: 'Enrolment ids of those who gave it.' }),
  membership: Type.Optional(Described(Membership, 'The membership that voted.')),
  complete: Type.Boolean({ description: "Whether enough stewards gave it for the hospital's policy." }),
  votedAt: Instant,
});
export type Vote = Static<typeof Vote>;
