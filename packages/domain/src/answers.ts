// What queries answer beyond plain rows: pages, dossiers, statements, quotes, lineage, history.
import { type Static, type TSchema, Type } from 'typebox';
import { Attestation } from './attestation.ts';
import { Block, BlockNumber } from './block.ts';
import { Budget } from './budget.ts';
import { ClaimedCost, Consent } from './consent.ts';
import { Dataset } from './dataset.ts';
import { Equivocation } from './equivocation.ts';
import { Erasure } from './erasure.ts';
import { Departure, MemberVote } from './member.ts';
import { Model } from './model.ts';
import { Motion, Vote } from './motion.ts';
import { Decimal, Described, Id, Instant, MspId, RoundNumber, Sha256, Strict, Words } from './primitives.ts';
import { RecordedShare, Revision } from './revision.ts';
import { EXCLUSION_REASONS, Round } from './round.ts';
import { ScoreCommitment } from './score-commitment.ts';
import { Study, StudyWeights } from './study.ts';
import { STUDY_STATES } from './study-transitions.ts';
import { Update } from './update.ts';
import { Verdict } from './verdict.ts';

const Bookmark = Type.Optional(
  Type.String({ description: 'Where the next page begins; absent on the last page.' }),
);

/** A page of rows. */
export const PageOfRows = <S extends TSchema>(row: S) =>
  Strict({ items: Type.Array(row), bookmark: Bookmark });

/** A round with everything recorded about it. */
export const RoundDossier = Strict({
  round: Round,
  updates: Type.Array(Update),
  verdicts: Type.Array(Verdict),
  attestations: Type.Array(Attestation),
  scoreCommitments: Type.Optional(
    Type.Array(ScoreCommitment, { description: 'Scores that the ledger names, shown in verdicts or not.' }),
  ),
  equivocations: Type.Optional(
    Type.Array(Equivocation, { description: 'Where members contradicted themselves.' }),
  ),
});
export type RoundDossier = Static<typeof RoundDossier>;

/** An account with its sums as ε at the budget's δ. */
export const BudgetStatement = Strict({
  ...Budget.properties,
  spentEpsilon: Decimal,
  reservedEpsilon: Decimal,
  committedEpsilon: Described(
    Decimal,
    'Spent and reserved together, composed: less than the sum of the two.',
  ),
  leftEpsilon: Described(Decimal, 'The budget less what is committed.'),
});
export type BudgetStatement = Static<typeof BudgetStatement>;

const Count = Strict({ updates: Type.Integer(), validators: Type.Integer() });

/** Whether the consents of a study are enough for a round. */
export const StudyQuorum = Strict({
  studyId: Id,
  state: Words(STUDY_STATES),
  needed: Described(Count, 'How many datasets and hospitals a round needs.'),
  now: Described(Count, 'How many consent.'),
  most: Described(
    Count,
    'How many there can be at most: those that consent, and members that have not answered.',
  ),
  isMet: Type.Boolean(),
  canBeMet: Type.Boolean(),
  lost: Type.Optional(
    Type.String({ description: 'Where the quorum can be met no more: why, and what to do.' }),
  ),
});
export type StudyQuorum = Static<typeof StudyQuorum>;

/** A study as a question is answered: while it is open, with its quorum as it is now. */
export const StudyAnswer = Strict({
  ...Study.properties,
  quorumNow: Type.Optional(
    Described(StudyQuorum, 'While the study is open: whether enough hospitals consent.'),
  ),
});
export type StudyAnswer = Static<typeof StudyAnswer>;

/** A departure with the studies of that organisation that wait for consents now. */
export const DepartureAnswer = Strict({
  ...Departure.properties,
  shortOf: Type.Array(StudyQuorum, {
    description:
      'Studies that it took part in whose quorum is not met any more, at most twenty of its first.',
  }),
  more: Type.Boolean({
    description: 'Whether it took part in more studies than were looked at: study:listShort.',
  }),
});
export type DepartureAnswer = Static<typeof DepartureAnswer>;

/** A vote on an organisation, and what the votes make so far. */
export const MemberBallot = Strict({
  ...MemberVote.properties,
  accepting: Type.Array(MspId, { description: 'Members that are for it.' }),
  needed: Type.Integer({ description: 'How many of the members must be.' }),
  departure: Type.Optional(
    Described(
      Departure,
      'Where the vote decided: the membership that ended with it. Studies that wait now: study:listShort.',
    ),
  ),
});
export type MemberBallot = Static<typeof MemberBallot>;

/** Rules by which a verdict rejects. */
export const VERDICT_RULES = [
  'accuracy-below-minimum',
  'no-acceptable-update',
  'update-rejected',
  'not-stated',
] as const;

/** Why a verdict rejects, computed from its own row and the study's text. */
export const VerdictGrounds = Strict({
  rule: Words(VERDICT_RULES, 'not-stated: the recorded scores do not explain it.'),
  rejected: Type.Array(Strict({ datasetId: Id, reason: Words(EXCLUSION_REASONS) })),
  right: Type.Optional(Type.Integer({ description: 'Units judged rightly, with noise, of all its scores.' })),
  wrong: Type.Optional(Type.Integer({ description: 'Units judged wrongly, with noise, of all its scores.' })),
  accuracyMillionths: Type.Optional(Type.Integer({ description: 'What follows from them, cut to [0, 1].' })),
  minimum: Type.Optional(Described(Decimal, 'The least accuracy that the study accepts.')),
});
export type VerdictGrounds = Static<typeof VerdictGrounds>;

/** A verdict as a question is answered. */
export const VerdictAnswer = Strict({
  ...Verdict.properties,
  grounds: Type.Optional(
    Described(VerdictGrounds, 'Where it rejects: which rule failed, and the charged numbers.'),
  ),
});
export type VerdictAnswer = Static<typeof VerdictAnswer>;

/** Which rows are laid under the policies of the present members: what `audit:renewPolicies` takes. */
export const PolicyRef = Strict({
  datasetId: Type.Optional(Id),
  populationId: Type.Optional(Id),
  block: Type.Optional(BlockNumber),
  studyId: Type.Optional(Id),
  round: Type.Optional(RoundNumber),
});
export type PolicyRef = Static<typeof PolicyRef>;

/** What a renewal laid again. */
export const RenewedPolicies = Strict({
  ...PolicyRef.properties,
  laid: Type.Integer({ description: 'How many rows have another policy now.' }),
});
/** How many patients there are, from their public bands: at least, and at most. */
export const PatientRange = Strict({ low: Type.Integer({ minimum: 0 }), high: Type.Integer({ minimum: 0 }) });
export type PatientRange = Static<typeof PatientRange>;

/** What a consent would do to the accounts of one block of patients. */
export const BlockQuote = Strict({
  ...RecordedShare.properties,
  state: Block.properties.state,
  asked: Type.Boolean({ description: 'Whether the consent would be about it.' }),
  committedAfter: Described(ClaimedCost, "Each account's ε once this is reserved."),
  left: Described(ClaimedCost, 'What each account has left before it.'),
  fits: Type.Boolean({ description: 'Whether both accounts can bear it. Retired ones bear nothing new.' }),
});
export type BlockQuote = Static<typeof BlockQuote>;

/** How many further studies a quote counts at most. */
export const MORE_STUDIES_MAX = 1000;

/** What a consent would reserve. */
export const ConsentQuote = Strict({
  studyId: Id,
  datasetId: Id,
  claimedEpsilon: Described(ClaimedCost, 'The whole study: what study:consent must claim, at least.'),
  claimedEpsilonPerRound: Described(
    ClaimedCost,
    'One round: what an update and a score must claim, at least.',
  ),
  committedAfter: Described(
    ClaimedCost,
    "Each account's ε once this is reserved: the most of any block that is asked for.",
  ),
  left: Described(ClaimedCost, 'What each account has left before it: the least of any block asked for.'),
  fits: Type.Boolean({ description: 'Whether the accounts of every block asked for can bear it.' }),
  revision: Type.Integer({ minimum: 1, description: 'Of the dataset: what would be consented to.' }),
  blocks: Type.Array(BlockQuote, { description: 'Every block of that revision.' }),
  patients: Described(
    Strict({ all: PatientRange, fitting: PatientRange, asked: PatientRange }),
    'How many patients of the revision the study would get: of all blocks, of those that fit, of those asked for.',
  ),
  weights: Type.Optional(
    Described(StudyWeights, 'What each dataset of the study weighs in an average, as its text says.'),
  ),
  studySha256: Described(Sha256, "Digest of the study's text: study:consent takes it, and no other text's."),
  moreStudies: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MORE_STUDIES_MAX,
      description:
        'How many further studies of exactly this cost every block asked for can bear after this one, as the accounts ' +
        `are now; ${MORE_STUDIES_MAX} is the most that is counted.`,
    }),
  ),
  stewards: Type.Optional(
    Described(
      Strict({
        needed: Type.Integer({ minimum: 1, description: 'How many stewards the dataset asks for.' }),
        approved: Type.Array(Type.String({ description: 'Enrolment id.' }), {
          description: 'Those whose approval of this text and of the blocks asked for counts now.',
        }),
      }),
      'Whose consent it takes, and who has approved.',
    ),
  ),
});
export type ConsentQuote = Static<typeof ConsentQuote>;

/** A dataset of a model whose consent was withdrawn. */
export const WithdrawnDataset = Strict({ datasetId: Id, withdrawnAt: Instant });
export type WithdrawnDataset = Static<typeof WithdrawnDataset>;
const WithdrawnDatasets = Type.Array(WithdrawnDataset, {
  description: 'Datasets whose updates are in the model and whose consent was withdrawn.',
});

/** A model and everything behind it; rounds come in pages. */
export const Lineage = Strict({
  model: Model,
  study: Study,
  datasets: Type.Array(Dataset),
  consents: Type.Array(Consent),
  revisions: Type.Optional(
    Type.Array(Revision, {
      description: 'Those whose bands weights follow from, where other revisions were consented to.',
    }),
  ),
  withdrawn: Type.Optional(WithdrawnDatasets),
  rounds: Type.Array(RoundDossier),
  bookmark: Bookmark,
});
export type Lineage = Static<typeof Lineage>;

/** A study as the ledger has it, with or without a model: what was consented to, and its rounds, in pages. */
export const StudyRecord = Strict({
  study: Study,
  datasets: Type.Array(Dataset, { description: 'Those that consented, as they were consented to.' }),
  consents: Type.Array(Consent, { description: 'As they count: that of an owner that left is withdrawn.' }),
  rounds: Type.Array(RoundDossier),
  bookmark: Bookmark,
});
export type StudyRecord = Static<typeof StudyRecord>;

/** What became of the erasures that the withdrawal of one consent asks for. */
export const DatasetErasures = Strict({
  datasetId: Id,
  withdrawnAt: Instant,
  dueAt: Described(Instant, 'From then on what is owed is overdue.'),
  done: Type.Array(Erasure),
  owed: Type.Array(MspId, { description: 'Hospitals that could read its updates and have not attested.' }),
  overdue: Type.Array(MspId, { description: 'Those of them that are late.' }),
});
export type DatasetErasures = Static<typeof DatasetErasures>;

/** A model with what became of consents behind it. */
export const ModelAnswer = Strict({
  ...Model.properties,
  withdrawn: Type.Optional(WithdrawnDatasets),
  retiredAt: Type.Optional(
    Described(Instant, 'Since when it is not to be used, as its study said beforehand of a withdrawal.'),
  ),
});
export type ModelAnswer = Static<typeof ModelAnswer>;

/** A motion with the votes so far. */
export const MotionRecord = Strict({ motion: Motion, votes: Type.Array(Vote) });
export type MotionRecord = Static<typeof MotionRecord>;

/** One version of a row. */
export const RowVersion = Strict({
  transactionId: Type.String(),
  at: Instant,
  deleted: Type.Boolean(),
  row: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
});
export type RowVersion = Static<typeof RowVersion>;
