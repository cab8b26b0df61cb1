// A round turns a base model into the next one: updates, verdicts, tally, attestations, finalising.
import { type Static, Type } from 'typebox';
import {
  ArtefactRef,
  Described,
  type Filled,
  Id,
  Instant,
  MspId,
  Reason,
  RoundNumber,
  RowSchema,
  Sha256,
  Strict,
  Words,
} from './primitives.ts';
import { ROUND_STATES } from './round-transitions.ts';
import { Participant } from './study.ts';

/** A model's parameters: an encrypted artefact and the hash of its canonical plaintext. */
export const ParametersRef = Strict({ artefact: ArtefactRef, parametersSha256: Sha256 });
export type ParametersRef = Static<typeof ParametersRef>;

export const RoundRef = Strict({ studyId: Id, round: RoundNumber });
export type RoundRef = Static<typeof RoundRef>;
export const OpenRound = Strict({
  ...RoundRef.properties,
  base: Type.Optional(
    Described(
      ArtefactRef,
      'The base sealed again, where members take part that it was not sealed to; of the same parameters.',
    ),
  ),
});
export const AbortRound = Strict({ studyId: Id, round: RoundNumber, reason: Reason });
export const FinalizeRound = Strict({ studyId: Id, round: RoundNumber, aggregate: ParametersRef });
export type FinalizeRound = Static<typeof FinalizeRound>;

export const EXCLUSION_REASONS = [
  'artefact-unreachable',
  'hash-mismatch',
  'not-decryptable',
  'malformed',
  'norm-exceeded',
  'rejected-by-score',
  'withdrawn',
] as const;

export const Exclusion = Strict({
  datasetId: Id,
  rejectedBy: Type.Array(Strict({ mspId: MspId, reason: Words(EXCLUSION_REASONS) })),
});

/** A round with its participants, its stage and, once there is one, its aggregate, as a row. */
export const Round = Strict({
  schema: RowSchema,
  studyId: Id,
  round: RoundNumber,
  state: Words(ROUND_STATES),
  base: Type.Union([ParametersRef, Type.Null()], { description: "null: the study's graph as proposed." }),
  participants: Type.Array(Participant),
  validators: Type.Array(MspId, { description: 'The members whose verdicts count, in order.' }),
  leader: MspId,
  quorum: Strict({ updates: Type.Integer(), validators: Type.Integer() }),
  openedAt: Instant,
  deadline: Instant,
  updates: Type.Optional(Type.Array(Id, { description: 'Datasets whose updates arrived, at closing.' })),
  closedAt: Type.Optional(Described(Instant, 'From when on there was a candidate to score.')),
  included: Type.Optional(Type.Array(Id)),
  withdrawn: Type.Optional(
    Type.Array(Id, {
      description:
        'Datasets whose consent ended before the verdicts were counted: their updates are left out, and a hospital ' +
        'that has no other in the round judges nothing in it.',
    }),
  ),
  excluded: Type.Optional(Type.Array(Exclusion)),
  aggregate: Type.Optional(ParametersRef),
  finalizedAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
  abortedBy: Type.Optional(MspId),
  stageSince: Type.Optional(Described(Instant, 'When the present stage began.')),
  disqualified: Type.Optional(
    Type.Array(MspId, { description: 'Members whose support did not count: they signed two statements.' }),
  ),
  seal: Type.Optional(
    Described(Sha256, 'Digest of its updates, verdicts and attestations, once it has ended.'),
  ),
});
export type Round = Static<typeof Round>;
/** A round as the ledger reads it. */
export type RoundRow = Filled<Round, 'stageSince'>;
