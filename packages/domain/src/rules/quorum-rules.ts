// Whether a study's quorum is met by the consents in force, and whether it still can be: asked whenever a hospital
// leaves, withdraws or declines, so that a study that waits in vain is named at once.
import type { StudyQuorum } from '../answers.ts';
import type { ConsentRow } from '../consent.ts';
import type { Study } from '../study.ts';

/** What a hospital has said of one dataset that a study asks for. */
export interface Standing {
  readonly datasetId: string;
  readonly owner: string;
  /** As it counts: of an owner that left it is withdrawn. */
  readonly consent: ConsentRow | undefined;
  /** Whether its owner is a member no more. */
  readonly ownerLeft: boolean;
  /** Whether its owner has declined the present text. */
  readonly isDeclined: boolean;
}

/** The quorum of a study, from what was said of every dataset that it asks for. */
export function quorumOf(
  { studyId, state, quorum }: Pick<Study, 'studyId' | 'state' | 'quorum'>,
  standings: readonly Standing[],
): StudyQuorum {
  const consenting = standings.filter(({ consent }) => consent?.state === 'granted');
  const undecided = standings.filter(
    ({ consent, ownerLeft, isDeclined }) => consent === undefined && !ownerLeft && !isDeclined,
  );
  const count = (all: readonly Standing[]) => ({
    updates: all.length,
    validators: new Set(all.map(({ owner }) => owner)).size,
  });
  const suffices = ({ updates, validators }: ReturnType<typeof count>): boolean =>
    updates >= quorum.updates && validators >= quorum.validators;
  const now = count(consenting);
  const most = count([...consenting, ...undecided]);
  const isMet = suffices(now);
  const canBeMet = suffices(most);
  return {
    studyId,
    state,
    needed: quorum,
    now,
    most,
    isMet,
    canBeMet,
    ...(!canBeMet && { lost: sentenceOf(quorum, most) }),
  };
}

const sentenceOf = (
  { updates, validators }: Study['quorum'],
  most: { readonly updates: number; readonly validators: number },
): string =>
  most.updates < updates
    ? `at most ${most.updates} datasets consent and ${updates} are needed: amend the study, or end it`
    : `at most ${most.validators} hospitals consent and ${validators} are needed: amend the study, or end it`;

/** Whether a study waits: a running one for consents, a proposal for what nobody can give any more. */
export const isShort = ({ state, isMet, canBeMet }: StudyQuorum): boolean =>
  state === 'proposed' ? !canBeMet : (state === 'running' || state === 'paused') && !isMet;
