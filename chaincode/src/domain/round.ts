// A round turns a base model into the next one: updates, verdicts, tally, attestations, finalising.
import { type Static, Type } from 'typebox';
import { ArtefactRef, Id, Instant, MspId, Reason, RoundNumber, Sha256, Strict, Words } from './primitives.ts';
import { ROUND_STATES } from './round-transitions.ts';
import { Participant } from './study.ts';

/** A model's parameters: an encrypted artefact and the hash of its canonical plaintext. */
export const ParametersRef = Strict({ artefact: ArtefactRef, parametersSha256: Sha256 });
export type ParametersRef = Static<typeof ParametersRef>;

export const RoundRef = Strict({ studyId: Id, round: RoundNumber });
export type RoundRef = Static<typeof RoundRef>;
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
] as const;

export const Exclusion = Strict({
  datasetId: Id,
  rejectedBy: Type.Array(Strict({ mspId: MspId, reason: Words(EXCLUSION_REASONS) })),
});

export const Round = Strict({
  schema: Type.Literal(1),
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
  included: Type.Optional(Type.Array(Id)),
  excluded: Type.Optional(Type.Array(Exclusion)),
  aggregate: Type.Optional(ParametersRef),
  finalizedAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
});
export type Round = Static<typeof Round>;
