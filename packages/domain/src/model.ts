// A model is the outcome of a study: the parameters of its last finalised round under the study's graph, with
// a lineage to every round. The ONNX file is built from the two by each member, the same bytes everywhere.
import { type Static, Type } from 'typebox';
import {
  ArtefactRef,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  RowSchema,
  Sha256,
  Strict,
} from './primitives.ts';
import { ParametersRef } from './round.ts';

export const PublishModel = Strict({ studyId: Id });

/** A published model, as a row. */
export const Model = Strict({
  schema: RowSchema,
  studyId: Id,
  graph: ArtefactRef,
  parameters: ParametersRef,
  round: RoundNumber,
  rounds: Type.Array(RoundNumber, { description: 'Every finalised round, oldest first.' }),
  datasets: Type.Array(Id, { description: 'Every dataset of which an update was included.' }),
  publishedBy: MspId,
  publishedAt: Instant,
  lineageSha256: Type.Optional(
    Described(Sha256, 'Digest of the study, its datasets and consents, and the seals of all its rounds.'),
  ),
});
export type Model = Static<typeof Model>;
