// What the answers of peers and orderers mean: which step failed, whether anything can still commit, and whether a
// refusal is a rule's or only that of a peer which is a block behind. Knows Fabric's words, not its SDK.
import { DomainError, ERRORS, type ErrorCode, parseDomainError } from '@consilium/domain/ledger';
import { LedgerError, type LedgerErrorCode, type LedgerStep, type Refusal } from './ledger.ts';
import { domainRefusal } from './refusals.ts';

/** gRPC's status codes that mean something here (grpc.io, "Status codes"). */
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** What the organisation's own peer answered, and in `details` what the nodes that it asked said, each by itself. */
export interface PeerAnswer {
  readonly code: number;
  readonly message: string;
  readonly details: readonly Refusal[];
}

export interface StepFailure {
  readonly ownMspId: string;
  readonly step: LedgerStep;
  readonly transactionId?: string | undefined;
  readonly answer: PeerAnswer;
  /** Whether the call's deadline has passed: at that moment a server now and then answers CANCELLED. */
  readonly late: boolean;
  readonly cause: unknown;
}

const NO_ENDORSERS = /no (peer )?combination|failed to find any endorsing peers|no peers available/i;
const NO_CHAINCODE =
  /could not launch chaincode|connection refused|(chaincode|stream).*(not connected|unavailable)/i;
/** A peer that serves as many calls as it may; plain words, of which gRPC makes UNKNOWN. */
const TOO_MANY_CALLS = /too many requests for \S+, exceeding concurrency limit/;
const CHAINCODE_LATE = /timeout expired while executing transaction/;
const WRONG_CLOCK = /unauthorized due to incorrect timestamp/;
const NOT_TAKEN = /status=(FORBIDDEN|BAD_REQUEST|REQUEST_ENTITY_TOO_LARGE)\b/;
const KNOWN_TO_ORDERERS = /request already (exists|processed)/;
const MISMATCH = /ProposalResponsePayloads do not match/;

/** NOT_FOUND is of the channel, or of a block beyond the peer's height: a peer that is coming back. */
const PASSING: readonly number[] = [
  ...[CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, NOT_FOUND],
  ...[RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE],
];

/** Whether a stream that ended with this code is taken up again where it was. */
export const passesByItself = (code: number): boolean => PASSING.includes(code);

/** Deliver's own word for a start beyond the peer's height, which the client library throws as a plain error. */
export const isBeyondHeight = (error: unknown): boolean =>
  error instanceof Error && /^Unexpected status response: 404\b/.test(error.message);

/** The failure in our words: the rule where a rule refused, the step otherwise. */
export function namedFailure(failure: StepFailure): LedgerError | DomainError {
  const { step, transactionId, answer, cause } = failure;
  const named = new LedgerError({
    code: codeOf(failure),
    step,
    message: [answer.message, ...answer.details.map(({ mspId, message }) => `${mspId}: ${message}`)].join(
      '; ',
    ),
    transactionId,
    refusals: answer.details,
    cause,
  });
  if (step !== 'evaluate' && step !== 'endorse') return named;
  const messages = messagesOf(answer);
  // Evaluations answer this as UNAVAILABLE, as if no peer were there.
  if (messages.some((message) => WRONG_CLOCK.test(message))) {
    const skew = new DomainError('CLOCK_SKEW', "this gateway's clock is minutes away from its peers'");
    skew.cause = named;
    return skew;
  }
  return domainRefusal(messages, named) ?? named;
}

/** A peer that has fewer blocks than there are. */
export interface PeerBehind {
  readonly mspId: string;
  readonly blocks: number;
  readonly of: number;
}

/** The failure where peers have not the newest blocks: what they say of rows is of another moment, and is no answer. */
export function endorsersBehind(
  { step, transactionId, answer, cause }: StepFailure,
  behind: readonly PeerBehind[],
): LedgerError {
  const heights = behind.map(({ mspId, blocks, of }) => ({
    mspId,
    message: `has ${blocks} of ${of} blocks`,
  }));
  const isBehind = (mspId: string) => behind.some((one) => one.mspId === mspId);
  return new LedgerError({
    code: 'ENDORSERS_BEHIND',
    step,
    message: [...heights, ...answer.details].map(({ mspId, message }) => `${mspId}: ${message}`).join('; '),
    transactionId,
    refusals: [...heights, ...answer.details.filter(({ mspId }) => !isBehind(mspId))],
    cause,
  });
}

/** Whether a call ended because its time was up. */
export const isTimeUp = ({ answer, late }: StepFailure): boolean =>
  answer.code === DEADLINE_EXCEEDED || (answer.code === CANCELLED && late);

/**
 * Whether the orderers looked at the transaction and rejected it, so that nothing was ordered. With Raft one
 * orderer answers for all. With BFT the answer is "unavailable" and the refusals are in the details: more orderers
 * than may be faulty have refused when the peer gives up, and every one of them must have refused by a rule.
 */
export function refusedByOrderers({ code, message, details }: PeerAnswer): boolean {
  if (code === ABORTED) return NOT_TAKEN.test(message);
  return (
    code === UNAVAILABLE && details.length > 0 && details.every((detail) => NOT_TAKEN.test(detail.message))
  );
}

/** Orderers that know a transaction already (BFT) will not take it twice: its outcome is to be asked for. */
export const knownToOrderers = (answer: PeerAnswer): boolean =>
  [answer.message, ...answer.details.map(({ message }) => message)].some((text) =>
    KNOWN_TO_ORDERERS.test(text),
  );

/** Rules whose outcome depends on the rows that a peer has: what a peer may say that is a block behind. */
const OF_STATE: readonly ErrorCode[] = ['NOT_A_MEMBER', 'NOT_A_PARTICIPANT', 'ENDORSEMENT_REFUSED'];
const dependsOnState = ({ code }: DomainError) =>
  OF_STATE.includes(code) || ['not-found', 'conflict', 'exhausted'].includes(ERRORS[code][0]);

/** Who may have refused, or answered otherwise, only because peers are at different heights. */
export interface PossibleLag {
  readonly mspIds: readonly string[];
  /** Some answered, and otherwise than the own peer: then it may be the own one that is behind. */
  readonly differs: boolean;
}

/**
 * Who of other organisations differs from the own peer in a way that blocks can explain which one has and the other
 * has not; undefined for a refusal that they cannot explain, or that the own peer shares (it is among the details
 * then): that is a true one.
 */
export function possibleLag({ step, answer, ownMspId }: StepFailure): PossibleLag | undefined {
  if (step !== 'endorse' || answer.code !== ABORTED) return undefined;
  if (answer.details.some(({ mspId }) => mspId === ownMspId)) return undefined;
  const explained = answer.details.filter(({ message }) => {
    if (MISMATCH.test(message)) return true;
    const refusal = parseDomainError(message);
    return refusal !== undefined && dependsOnState(refusal);
  });
  if (explained.length === 0) return undefined;
  const differs = explained.some(({ message }) => MISMATCH.test(message));
  return { mspIds: [...new Set(explained.map(({ mspId }) => mspId))], differs };
}

function codeOf({ step, ownMspId, answer, late }: StepFailure): LedgerErrorCode {
  if (step === 'commit-status') return 'OUTCOME_UNKNOWN';
  if (step === 'submit') return refusedByOrderers(answer) ? 'LEDGER_REFUSED' : 'OUTCOME_UNKNOWN';
  const text = messagesOf(answer).join('\n');
  if (NO_ENDORSERS.test(text)) return 'ENDORSERS_UNAVAILABLE';
  if (NO_CHAINCODE.test(text) || TOO_MANY_CALLS.test(text)) {
    const own = answer.details.length === 0 || answer.details.some(({ mspId }) => mspId === ownMspId);
    return own ? 'LEDGER_UNAVAILABLE' : 'ENDORSERS_UNAVAILABLE';
  }
  if (CHAINCODE_LATE.test(text)) return 'LEDGER_TIMEOUT';
  switch (answer.code) {
    case CANCELLED:
      return late ? 'LEDGER_TIMEOUT' : 'LEDGER_UNAVAILABLE';
    case UNAVAILABLE:
    case RESOURCE_EXHAUSTED:
      return 'LEDGER_UNAVAILABLE';
    case DEADLINE_EXCEEDED:
      return 'LEDGER_TIMEOUT';
    default:
      return step === 'endorse' && answer.details.length > 0 ? 'ENDORSEMENT_FAILED' : 'LEDGER_REFUSED';
  }
}

/** Peers' own messages first; the gateway's repeats one of them. */
export const messagesOf = ({ message, details }: PeerAnswer): string[] =>
  details.length > 0 ? details.map((detail) => detail.message) : [message];

/** Why a probe was not answered; undefined where the rules refused it, which is an answer too. */
export function unanswered(
  answer: PeerAnswer,
  publicMessage: (message: string) => string,
): string | undefined {
  if (domainRefusal(messagesOf(answer), answer) instanceof DomainError) return undefined;
  if (answer.code === DEADLINE_EXCEEDED || answer.code === CANCELLED) return 'no answer in time';
  const said = answer.details.map(({ mspId, message }) => `${mspId}: ${publicMessage(message)}`);
  return said.length > 0 ? said.join('; ') : publicMessage(answer.message);
}
