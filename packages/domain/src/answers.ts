// What queries answer beyond plain rows: pages, dossiers, statements, quotes, lineage, history.
import { type Static, type TSchema, Type } from 'typebox';
import { Attestation } from './attestation.ts';
import { Budget } from './budget.ts';
import { ClaimedCost, Consent } from './consent.ts';
import { Dataset } from './dataset.ts';
import { Equivocation } from './equivocation.ts';
import { Model } from './model.ts';
import { Motion, Vote } from './motion.ts';
import { Decimal, Described, Id, Instant, Sha256, Strict } from './primitives.ts';
import { Round } from './round.ts';
import { ScoreCommitment } from './score-commitment.ts';
import { Study, StudyWeights } from './study.ts';
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

/** What a consent would reserve. */
export const ConsentQuote = Strict({
  studyId: Id,
  datasetId: Id,
  claimedEpsilon: Described(ClaimedCost, 'The whole study: what study:consent must claim, at least.'),
  claimedEpsilonPerRound: Described(
    ClaimedCost,
    'One round: what an update and a score must claim, at least.',
  ),
  committedAfter: Described(ClaimedCost, "Each account's ε once this is reserved."),
  left: Described(ClaimedCost, 'What each account has left before it.'),
  fits: Type.Boolean({ description: 'Whether both accounts can bear it.' }),
  weights: Type.Optional(
    Described(StudyWeights, 'What each dataset of the study weighs in an average, as its text says.'),
  ),
  studySha256: Described(Sha256, "Digest of the study's text: study:consent takes it, and no other text's."),
});
export type ConsentQuote = Static<typeof ConsentQuote>;

/** A model and everything behind it; rounds come in pages. */
export const Lineage = Strict({
  model: Model,
  study: Study,
  datasets: Type.Array(Dataset),
  consents: Type.Array(Consent),
  rounds: Type.Array(RoundDossier),
  bookmark: Bookmark,
});
export type Lineage = Static<typeof Lineage>;

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
