// Whom an artefact is sealed to: the members that have to read it, and nobody else of the consortium.
import type { Consent, Round, Study } from '@consilium/domain';

type Readers = readonly string[];

/** The members that judge a round's updates and recompute their aggregate: those that take part in it. */
export const readersOfUpdate = ({ participants }: Pick<Round, 'participants'>): Readers =>
  [...new Set(participants.map(({ mspId }) => mspId))].sort();

/** The members that go on from a model: those whose consent is in force, and the one that asked for the study. */
export function readersOfModel({
  study,
  consents,
  participants = [],
}: {
  readonly study: Pick<Study, 'requester'>;
  readonly consents: readonly Pick<Consent, 'owner' | 'state'>[];
  /** Of the round that it came of, whose members recomputed it. */
  readonly participants?: Round['participants'];
}): Readers {
  const granted = consents.filter(({ state }) => state === 'granted').map(({ owner }) => owner);
  return [...new Set([study.requester, ...granted, ...readersOfUpdate({ participants })])].sort();
}
