// Every refusal of the ledger, in one table: the code is what programs read, the meaning is what people read.
// The domain knows no HTTP; `kind` is the little that a gateway needs to choose a status.
import { type Problem, sentenceOf } from './problem.ts';

/** What sort of refusal a code is. `unavailable` may pass by itself. */
export type ErrorKind = 'invalid' | 'forbidden' | 'not-found' | 'conflict' | 'exhausted' | 'unavailable';

/** Every code with its kind and its meaning. The meaning also says what to do. */
export const ERRORS = {
  INVALID_ARGUMENT: ['invalid', 'A field is missing, unknown or malformed; the message names it.'],
  CLOCK_SKEW: [
    'invalid',
    "The transaction's time is too far from an endorser's clock: set the client's clock.",
  ],
  ROLE_REQUIRED: ['forbidden', "The caller's certificate does not carry a role that may do this."],
  NOT_A_MEMBER: ['forbidden', "The caller's organisation is not a registered member of the consortium."],
  NOT_THE_OWNER: ['forbidden', 'Only the organisation that owns the dataset may do this.'],
  NOT_THE_REQUESTER: ['forbidden', 'Only the organisation that proposed the study may do this.'],
  NOT_THE_LEADER: [
    'forbidden',
    "The step belongs to the round's leader for now. Others may take it at the time that the message names.",
  ],
  NOT_A_PARTICIPANT: ['forbidden', 'Only an organisation that takes part in the round may do this.'],
  MEMBER_EXISTS: ['conflict', 'This organisation is already a member.'],
  MEMBER_LEFT: [
    'conflict',
    'The organisation has left the consortium: it returns first, or the study does without it.',
  ],
  MEMBER_STATE: [
    'conflict',
    "The organisation's membership does not allow this, or too few members have voted for it yet.",
  ],
  KEY_UNPROVEN: [
    'invalid',
    "The proof is not by this key, for this member and channel: take both from the trainer's encryption key.",
  ],
  KEY_USED: ['conflict', 'This encryption key has been registered before: make another.'],
  MEMBER_NOT_FOUND: ['not-found', 'No such member.'],
  POPULATION_EXISTS: ['conflict', 'A population has this id: choose another id.'],
  POPULATION_NOT_FOUND: ['not-found', 'No such population.'],
  BLOCK_NOT_FOUND: [
    'not-found',
    'No such block of patients: the population, or the revision, has none of this number.',
  ],
  BLOCK_NUMBER: [
    'conflict',
    'Blocks are opened one after the other: another was opened meanwhile. Prepare the revision again.',
  ],
  BLOCK_RETIRED: ['conflict', 'The block of patients is retired: new consents name others.'],
  PATIENTS_COUNTED: [
    'conflict',
    'These patients are a block already: nobody is in two. Prepare the revision again, with the register of patients.',
  ],
  DATASET_EXISTS: ['conflict', 'A dataset with this id exists: choose another id.'],
  COMMITMENT_EXISTS: [
    'conflict',
    'A dataset with this commitment is registered: the same rows have one budget, for life.',
  ],
  REVISION_NOT_FOUND: ['not-found', 'The dataset has no such revision.'],
  DATASET_NOT_FOUND: ['not-found', 'No such dataset.'],
  STUDY_EXISTS: ['conflict', 'A study with this id exists: choose another id.'],
  STUDY_NOT_FOUND: ['not-found', 'No such study.'],
  STUDY_STATE: ['conflict', "The study's state does not allow this."],
  TOO_MANY_STUDIES: [
    'exhausted',
    'The requester has as many open studies as a member may have: end some, with study:abort or study:retire.',
  ],
  STUDY_CHANGED: [
    'conflict',
    'The study has another text than the one that was read, or consented to: read it again.',
  ],
  PURPOSE_NOT_ALLOWED: ['forbidden', "The dataset's terms do not allow the study's purpose."],
  REQUESTER_NOT_ALLOWED: ['forbidden', "The dataset's terms do not allow the study's requester."],
  TERMS_EXPIRED: ['forbidden', "The dataset's terms have expired."],
  ENCODING_MISMATCH: ['invalid', "The dataset's dictionary does not encode to the study's inputs."],
  LABEL_NOT_SCORED: [
    'invalid',
    'Studies on the ledger are judged by counts of patients judged rightly: the label must be binary or categorical.',
  ],
  DATASET_NOT_WANTED: ['invalid', 'The study does not ask for this dataset.'],
  CONSENT_EXISTS: ['conflict', 'This study already has a consent for this dataset.'],
  CONSENT_INCOMPLETE: [
    'conflict',
    "The dataset's policy asks for more stewards: the others approve first, with study:approveConsent.",
  ],
  DECLINE_EXISTS: ['conflict', 'This dataset has declined this text of the study.'],
  APPROVAL_EXISTS: ['conflict', 'This steward has approved this consent: another steward must.'],
  CONSENT_NOT_FOUND: ['not-found', 'No such consent.'],
  CONSENT_STATE: ['conflict', "The consent's state does not allow this."],
  BUDGET_EXCEEDED: [
    'exhausted',
    "The plan costs more than the dataset's privacy budget has left; the message says what is left.",
  ],
  PRIVACY_COST_UNDERCLAIMED: [
    'invalid',
    'The claimed ε is below what the mechanism events cost; claim at least the amount the message names.',
  ],
  PRIVACY_EVENT_MISMATCH: ['invalid', 'The privacy event is not the one the plan reserved.'],
  ROUND_EXISTS: ['conflict', 'This round is already open.'],
  ROUND_NOT_FOUND: ['not-found', 'No such round.'],
  ROUND_NUMBER: ['conflict', 'Rounds open one after the other, up to the number the study planned.'],
  ROUND_CLOSED: ['conflict', "The round's state does not accept this any more (or not yet)."],
  ROUND_INCOMPLETE: ['conflict', 'Contributions are still expected and the deadline has not passed.'],
  UPDATE_EXISTS: [
    'conflict',
    'This dataset has already contributed to this round; one release is one charge.',
  ],
  UPDATE_REPLAYED: [
    'conflict',
    'An update of these very parameters was recorded before: a release is made once.',
  ],
  UPDATE_NOT_FOUND: ['not-found', 'No such update.'],
  SCORE_COMMITTED: [
    'conflict',
    "The ledger names this dataset's score in this round already; one release is one charge.",
  ],
  VERDICT_EXISTS: ['conflict', 'This member has already given its verdict on this round.'],
  VERDICT_NOT_FOUND: ['not-found', 'No such verdict.'],
  ATTESTATION_EXISTS: ['conflict', "This member has already attested this round's aggregate."],
  QUORUM_NOT_REACHED: ['conflict', 'Too few members accepted the candidate and attested the same aggregate.'],
  ENDORSEMENT_REFUSED: [
    'forbidden',
    "This peer's own organisation has not accepted the candidate and recomputed the same aggregate.",
  ],
  EQUIVOCATION_EXISTS: ['conflict', 'This contradiction is on the ledger already.'],
  EQUIVOCATION_UNPROVEN: [
    'invalid',
    'The statement is no proof: not signed by the same key, not on this round, or not different.',
  ],
  STUDY_KEY_EXISTS: [
    'conflict',
    'The hospital has a key for this dataset in this study: there is one, and it is not replaced.',
  ],
  ERASURE_NOT_OWED: [
    'conflict',
    'Nothing is to be erased: the consent is not withdrawn, or the hospital could read none of its updates.',
  ],
  ERASURE_EXISTS: ['conflict', 'This hospital has attested this erasure.'],
  ERASURE_EARLY: [
    'conflict',
    'A round that has not ended needs the update: erase it when the round has ended.',
  ],
  MOTION_NOT_FOUND: ['not-found', 'No such motion.'],
  MOTION_STATE: ['conflict', "The motion's state, or the study's, does not allow this."],
  VOTE_EXISTS: ['conflict', 'This hospital, or this steward, has voted on this motion.'],
  MODEL_NOT_FOUND: ['not-found', 'The study has no published model.'],
  TOO_MANY_AT_ONCE: [
    'unavailable',
    "Too many of this organisation's transactions wait at this peer already: send fewer at a time.",
  ],
  INTERNAL: [
    'unavailable',
    "The chaincode failed unexpectedly and wrote nothing; its log says why, by the transaction's id.",
  ],
} as const satisfies Record<string, readonly [ErrorKind, string]>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** A refusal by the rules. Its text is `CODE: sentence`, which is what crosses the ledger's protocol. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly detail: string;
  /** Each problem by its field, where the refusal lists them; only the sentence crosses the ledger's protocol. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, what: string | readonly Problem[] = ERRORS[code][1]) {
    const detail = typeof what === 'string' ? what : what.map(sentenceOf).join('; ');
    // A peer drops an answer that is no Unicode, and what is repeated of an argument may be half a character.
    const wellFormed = detail.toWellFormed();
    super(`${code}: ${wellFormed}`);
    this.code = code;
    this.detail = wellFormed;
    this.problems = typeof what === 'string' ? [] : what;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code][0];
  }
}

/** Finds `CODE: sentence` anywhere in a text, such as a peer's message; undefined where there is none. */
export function parseDomainError(text: string): DomainError | undefined {
  // The sentence is looked at, not consumed: a peer's own words in capitals may come before the code.
  for (const [, code, detail] of text.matchAll(/\b([A-Z][A-Z_]+): (?=([^\n]+))/g)) {
    if (code !== undefined && Object.hasOwn(ERRORS, code)) return new DomainError(code as ErrorCode, detail);
  }
  return undefined;
}
