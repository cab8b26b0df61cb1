// What the service needs of a ledger, in the service's own words. Fabric enters behind this interface and
// nowhere else, so that routes, submissions and events can be tried against a ledger in memory.
import type { Role, TransactionName } from '@consilium/domain';
import type { OrderersSeen } from './orderers-seen.ts';

export interface LedgerCall {
  readonly name: TransactionName;
  readonly argument: object;
  /** The role whose identity signs, */
  readonly role: Role;
  /** unless this person's does: a client of the connection file under a name of its own. */
  readonly person?: string | undefined;
  /** Organisations whose peers may answer a question; any where absent. */
  readonly askedOf?: readonly string[] | undefined;
}

/** Which client of the connection file signs. */
export const signerOf = ({ role, person }: Pick<LedgerCall, 'role' | 'person'>): string => person ?? role;

/** A transaction that is endorsed and about to be sent: enough to ask about it, or send the same one, later. */
export interface PreparedTransaction {
  readonly transactionId: string;
  /** The client of the connection file that signed. */
  readonly signer: string;
  /** What the endorsers agreed the transaction returns, as the contract's canonical JSON. */
  readonly result: string;
  /** The ledger's own encoding of the endorsed transaction. */
  readonly envelope: Uint8Array;
}

export interface Committed {
  readonly transactionId: string;
  readonly blockNumber: number;
  readonly result: unknown;
}

export type Outcome =
  | { readonly state: 'committed'; readonly blockNumber: number }
  | { readonly state: 'invalid'; readonly blockNumber: number; readonly validationCode: string }
  | { readonly state: 'unknown' };

export interface RecoverOptions {
  /** How long to wait for an answer before the outcome stays unknown. */
  readonly timeoutMs: number;
  /** Send the same endorsed transaction once more: its id makes a second commit impossible. */
  readonly resend: boolean;
}

/** A position in the ledger's events: after one transaction of a block, or before a whole block. */
export interface EventPosition {
  readonly blockNumber: number;
  readonly afterTransactionId?: string;
}

/** From this block on, the first where absent; up to and without another, without an end where absent. */
export interface BlockSpan {
  readonly from?: number;
  readonly end?: number;
}

export interface LedgerEvent {
  readonly blockNumber: number;
  readonly transactionId: string;
  readonly name: string;
  readonly payload: unknown;
}

export interface EventsOptions {
  /** Where to start; the next block to come where absent. */
  readonly from?: EventPosition | undefined;
  readonly signal: AbortSignal;
}

/** In this order: what follows the first that is missing was not asked. */
export const READINESS_CHECKS = ['peer', 'chaincode', 'endorsement', 'commit'] as const;

/** Of an organisation's own peers, in the order of the connection file. */
export const SERVING_PEERS = ['first', 'second'] as const;
export type ServingPeer = (typeof SERVING_PEERS)[number];

/** One thing readiness depends on; `problem` says what is missing. */
export interface ReadinessCheck {
  readonly name: (typeof READINESS_CHECKS)[number];
  readonly problem?: string;
  /** Of `peer`, where the organisation has two: which one serves. */
  readonly serving?: ServingPeer;
}

/** Those that hold before the one that does not, and that one. */
export function missing(name: ReadinessCheck['name'], problem: string): ReadinessCheck[] {
  const before = READINESS_CHECKS.slice(0, READINESS_CHECKS.indexOf(name));
  return [...before.map((passed): ReadinessCheck => ({ name: passed })), { name, problem }];
}

export const nothingMissing = (): ReadinessCheck[] => READINESS_CHECKS.map((name) => ({ name }));

/** What a client signs with a key of its own, which this gateway never has. */
export interface UnsignedMessage {
  readonly transactionId: string;
  /** The very bytes to sign: of a Fabric proposal, or of the payload of a transaction. */
  readonly message: Uint8Array;
  /** The ledger's own encoding of what is sent with the signature. */
  readonly encoded: Uint8Array;
}

/** A transaction that peers endorsed, to be signed before it is sent. */
export interface EndorsedMessage extends UnsignedMessage {
  /** What the endorsers agreed the transaction returns, as the contract's canonical JSON. */
  readonly result: string;
}

/** What is thrown or rejected here stops the sending. */
export type BeforeSending = (prepared: PreparedTransaction) => void | Promise<void>;

export interface Ledger {
  readonly channel: string;
  readonly mspId: string;
  /** The name under which the rules are deployed. */
  readonly chaincode: string;
  /** The roles this organisation's connection file has an identity for. */
  readonly roles: readonly Role[];

  /**
   * Endorses, sends and waits for the commit. `beforeSending` is called, and waited for, when the transaction is
   * endorsed and nothing has been sent.
   *
   * @throws DomainError where the rules refuse; LedgerError otherwise, OUTCOME_UNKNOWN once something was sent.
   */
  submit(call: LedgerCall, beforeSending: BeforeSending): Promise<Committed>;
  /** A proposal that whoever has this certificate (PEM) signs. Asks nobody. */
  propose(call: Pick<LedgerCall, 'name' | 'argument'>, certificate: string): UnsignedMessage;
  /** Endorses what its client signed. @throws DomainError where the rules refuse; LedgerError otherwise */
  endorse(proposal: UnsignedMessage, signature: Uint8Array): Promise<EndorsedMessage>;
  /** Sends what its client signed, as `submit` does. */
  submitSigned(
    transaction: EndorsedMessage,
    signature: Uint8Array,
    beforeSending: BeforeSending,
  ): Promise<Committed>;
  /** Asks what became of a transaction that was sent. Never throws for an unreachable ledger: unknown. */
  recover(prepared: PreparedTransaction, options: RecoverOptions): Promise<Outcome>;
  /** @throws DomainError where the rules refuse; LedgerError otherwise. */
  evaluate(call: LedgerCall): Promise<unknown>;
  /** Events in ledger order, each once, across reconnections; ends when the signal aborts. */
  events(options: EventsOptions): AsyncIterable<LedgerEvent>;
  /** The number of blocks. */
  height(): Promise<number>;
  /** Blocks in their order, whole, in Fabric's encoding; also those to come. @throws once aborted, or cut off */
  blocks(span: BlockSpan, signal: AbortSignal): AsyncIterable<Uint8Array>;
  block(number: number): Promise<Uint8Array>;
  /** The block that holds a transaction, valid or not. @throws LedgerError LEDGER_REFUSED where none does */
  blockOf(transactionId: string): Promise<Uint8Array>;
  /**
   * What the peers of all these organisations answer and sign, as an endorsed transaction that is never sent.
   *
   * @throws DomainError where the rules refuse; LedgerError where one of them does not sign, or they differ.
   */
  signedAnswer(call: LedgerCall, mspIds: readonly string[]): Promise<Uint8Array>;
  ready(): Promise<readonly ReadinessCheck[]>;
  /** What is seen of the orderers, without ordering anything; undefined where nothing is known of them. */
  orderers(): Promise<OrderersSeen | undefined>;
  close(): Promise<void>;
}

/** The protocol step at which something went wrong. */
export type LedgerStep = 'evaluate' | 'endorse' | 'submit' | 'commit-status' | 'commit' | 'events';

/** What one refusing peer said. */
export interface Refusal {
  readonly mspId: string;
  readonly message: string;
}

export type LedgerErrorCode =
  | 'LEDGER_UNAVAILABLE'
  | 'LEDGER_TIMEOUT'
  | 'LEDGER_REFUSED'
  | 'LEDGER_CONFLICT'
  | 'TRANSACTION_INVALIDATED'
  | 'ENDORSEMENT_FAILED'
  | 'ENDORSERS_UNAVAILABLE'
  | 'ENDORSERS_BEHIND'
  | 'IDENTITY_MISSING'
  | 'OUTCOME_UNKNOWN';

export interface LedgerErrorOptions {
  readonly code: LedgerErrorCode;
  readonly step: LedgerStep;
  /** For the log only. */
  readonly message: string;
  readonly transactionId?: string | undefined;
  readonly validationCode?: string | undefined;
  readonly refusals?: readonly Refusal[] | undefined;
  readonly cause?: unknown;
}

/** An operating error of the ledger, named by the step that failed. Its message is for the log. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  readonly step: LedgerStep;
  readonly transactionId: string | undefined;
  readonly validationCode: string | undefined;
  readonly refusals: readonly Refusal[];

  constructor(options: LedgerErrorOptions) {
    super(`${options.step}: ${options.message}`, { cause: options.cause });
    this.code = options.code;
    this.step = options.step;
    this.transactionId = options.transactionId;
    this.validationCode = options.validationCode;
    this.refusals = options.refusals ?? [];
  }
}

export const missingIdentity = (role: string): LedgerError =>
  new LedgerError({
    code: 'IDENTITY_MISSING',
    step: 'endorse',
    message: `the connection file has no client for ${role}`,
  });
