// What a steward may do about one dataset in one study: from what the ledger has, and from who is signed in.
import {
  type Consent,
  type ConsentQuote,
  type Dataset,
  type Decline,
  purposeAllowed,
  type Study,
} from '@consilium/domain';

/** Why the terms of a dataset do not allow a study. */
export type TermsProblem = 'purpose' | 'requester' | 'expired';

/** What the ledger would refuse by the terms that the hospital itself gave. */
export function termsProblems(
  { terms, owner }: Pick<Dataset, 'terms' | 'owner'>,
  { purpose, requester }: Pick<Study, 'purpose' | 'requester'>,
  nowMs: number,
): readonly TermsProblem[] {
  const problems: TermsProblem[] = [];
  if (!purposeAllowed(terms, purpose)) problems.push('purpose');
  const { allowedMembers } = terms;
  if (requester !== owner && allowedMembers !== undefined && !allowedMembers.includes(requester)) {
    problems.push('requester');
  }
  if (terms.expiresAt !== undefined && Date.parse(terms.expiresAt) <= nowMs) problems.push('expired');
  return problems;
}

/** What keeps a steward from a consent. */
export type Hindrance = TermsProblem | 'state' | 'cost' | 'blocks' | 'self';

export interface Decision {
  /** What giving it means now: the consent itself, or one approval of several. */
  readonly kind: 'grant' | 'approve';
  readonly hindrances: readonly Hindrance[];
  /** How many stewards have to say so in all, and how many have. */
  readonly needed: number;
  readonly approved: readonly string[];
}

/** Whether a study still takes consents. */
export const takesConsents = ({ state }: Pick<Study, 'state'>): boolean =>
  state === 'proposed' || state === 'running' || state === 'paused';

/**
 * What a steward who wants to consent does next.
 *
 * @param person the steward's name on the ledger; undefined where the session does not say it, and the ledger will
 * @param problems of the terms
 */
export function decisionOf({
  study,
  quote,
  person,
  problems,
}: {
  readonly study: Pick<Study, 'state'>;
  readonly quote: ConsentQuote;
  readonly person: string | undefined;
  readonly problems: readonly TermsProblem[];
}): Decision {
  const { needed, approved } = quote.stewards ?? { needed: 1, approved: [] };
  const hasApproved = person !== undefined && approved.includes(person);
  const others = approved.filter((one) => one !== person).length;
  const kind = others + 1 >= needed ? 'grant' : 'approve';
  const asked = quote.blocks.some((block) => block.asked);
  return {
    kind,
    needed,
    approved,
    hindrances: [
      ...(takesConsents(study) ? [] : ['state' as const]),
      ...problems,
      ...(asked ? [] : ['blocks' as const]),
      // An approval reserves nothing; what it is for would be refused all the same.
      ...(quote.fits || !asked ? [] : ['cost' as const]),
      ...(kind === 'approve' && hasApproved ? ['self' as const] : []),
    ],
  };
}

/** Where a dataset is in a study. */
export type Standing = 'waiting' | 'granted' | 'withdrawn' | 'settled' | 'declined';

/** A consent counts more than a refusal before it, and a refusal of an earlier text is none of this one. */
export function standingOf(
  study: Pick<Study, 'version'>,
  { consent, decline }: { readonly consent: Consent | undefined; readonly decline: Decline | undefined },
): Standing {
  if (consent !== undefined) return consent.state;
  return decline !== undefined && decline.studyVersion === (study.version ?? 1) ? 'declined' : 'waiting';
}
