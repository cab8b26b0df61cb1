// The one adapter between Fabric and the rules: it reads the argument, checks who calls and when, runs the
// decision, emits the one event of the table, and answers in canonical JSON. Contracts hold nothing else.
import {
  type Argument,
  argumentLimitsOf,
  canonicalJson,
  DomainError,
  parseArgument,
  ROLE_ATTRIBUTE,
  ROLES,
  ROW_SCHEMA,
  type Role,
  requireBytes,
  type Transaction,
  type TransactionName,
  transactionNamed,
  validate,
} from '@consilium/domain';
import { STATEMENT_TRANSACTIONS } from '@consilium/domain/rules';
import type { Concerns } from '../ledger/activities.ts';
import { Ledger } from '../ledger/ledger.ts';
import { enrolmentId } from './caller.ts';
import { noteContradiction } from './contradiction-log.ts';
import { departureOf } from './find.ts';
import { type LedgerContext, noSuchTransaction } from './ledger-context.ts';
import { cut } from './runtime-log.ts';
import { Turns } from './turns.ts';

/** How far a client's clock may be from an endorser's. */
export const CLOCK_SKEW_MAX_MS = 5 * 60 * 1000;
/**
 * How far for a step that begins or ends a stage of a round, as a part of the stage's length. A sender that dates one
 * step back and the next one forward takes twice as much, which has to leave the others time for their part.
 */
const STAGE_SKEW_PART = 1 / 4;

/** What a decision is taken from. */
export interface Call<N extends TransactionName> {
  readonly argument: Argument<N>;
  readonly ledger: Ledger;
  /** The caller's organisation, by its certificate. */
  readonly mspId: string;
  /** The transaction's time: the client's claim, within CLOCK_SKEW_MAX_MS of every endorser's. */
  readonly at: string;
  readonly transactionId: string;
  /**
   * Refuses a time that is further from this endorser's clock than the study's deadlines bear, and that of the round
   * in flight, which an amendment of the study leaves as it is.
   *
   * @throws DomainError CLOCK_SKEW
   */
  readonly requireTimely: (study: { readonly roundDeadlineSeconds: number }, round?: Stage) => void;
  /** SHA-256 of the caller's public key, and the person or service that its certificate was issued to. */
  readonly signerSha256: () => string;
  readonly enrolmentId: () => string;
  /** Notes what the transaction concerns beside the ids in its row: auditors find it under that too. */
  readonly concern: (more: Concerns) => void;
  /** The organisation of the peer that runs this. Only a refusal to endorse may depend on it. */
  readonly ownMspId: () => string;
}
interface Stage {
  readonly stageSince: string;
  readonly deadline: string;
}
export type Decide<N extends TransactionName> = (call: Call<N>) => Promise<object>;

/** What an event tells listeners: which row, of whom, in which state; readers fetch the row itself. */
const EVENT_FIELDS = ['studyId', 'populationId', 'block', 'datasetId', 'revision', 'round', 'state'] as const;

const turns = new Turns();

/**
 * Runs one transaction of the table.
 *
 * @returns the row it wrote, or the answer to its query, in canonical JSON
 * @throws DomainError; anything else that goes wrong is logged and becomes INTERNAL, without its details
 */
export async function transact<N extends TransactionName>(
  context: LedgerContext,
  name: N,
  text: string,
  decide: Decide<N>,
): Promise<string> {
  try {
    const transaction = transactionNamed(name);
    // Who may not send this takes no turn from others of the organisation, and no text that nobody reads waits.
    requireOwnName(context, transaction);
    requireRole(context, transaction);
    requireArgumentAlone(context);
    requireBytes(text, argumentLimitsOf(transaction));
    const turn = { mspId: context.clientIdentity.getMSPID(), ownMspId: context.stub.getMspID() };
    return await turns.take(turn, async () => {
      try {
        return await run(context, transaction, text, decide as unknown as Decide<TransactionName>);
      } catch (error) {
        // Within the turn: what it reads is as much as a transaction does.
        if (error instanceof DomainError && STATEMENTS.includes(name))
          await noteContradiction(context, error);
        throw error;
      }
    });
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.logging.getLogger().error(`${context.stub.getTxID()} ${name} failed: ${cut(details)}`);
    throw new DomainError('INTERNAL');
  }
}

const STATEMENTS: readonly string[] = Object.values(STATEMENT_TRANSACTIONS);
/** What an organisation does to become a member; everything else that writes is a member's. */
const JOINING: TransactionName = 'member:register';
/**
 * What one that has left may still do: return what its studies did not spend and lay policies again, as anybody may for
 * it, and say that it erased what it owes to erase.
 */
const AFTER_LEAVING: readonly TransactionName[] = [
  'study:settle',
  'study:attestErasure',
  'audit:renewPolicies',
];

async function run(
  context: LedgerContext,
  transaction: Transaction,
  text: string,
  decide: Decide<TransactionName>,
): Promise<string> {
  const { stub } = context;
  // From the cheapest check to the dearest: what a stranger sends costs a peer next to nothing.
  const mspId = context.clientIdentity.getMSPID();
  const time = timeOf(stub.getDateTimestamp());
  const ledger = new Ledger(stub);
  if (transaction.kind === 'submit') {
    requireTime(context, time, CLOCK_SKEW_MAX_MS);
    if (transaction.name !== JOINING) await requireMember(ledger, mspId, transaction.name);
  }
  if (STATEMENTS.includes(transaction.name)) context.requireReportable();
  const given = parseArgument(text, argumentLimitsOf(transaction));
  const argument = validate(transaction.argument, given) as Argument<TransactionName>;
  const concerned: Concerns[] = [];
  const result = await decide({
    argument,
    ledger,
    mspId,
    at: time.toISOString(),
    transactionId: stub.getTxID(),
    requireTimely: ({ roundDeadlineSeconds }, round) => {
      const stageMs = Math.min(roundDeadlineSeconds * 1000, round === undefined ? Infinity : lengthOf(round));
      requireTime(context, time, Math.min(CLOCK_SKEW_MAX_MS, stageMs * STAGE_SKEW_PART));
    },
    signerSha256: () => context.signerSha256(),
    enrolmentId: () => enrolmentId(context.clientIdentity),
    concern: (more) => concerned.push(more),
    ownMspId: () => stub.getMspID(),
  });
  if (transaction.kind === 'submit') {
    const { studyId, datasetId, round, purpose } = result as Partial<Record<string, never>>;
    const activity = {
      schema: ROW_SCHEMA.activity,
      at: time.toISOString(),
      transactionId: stub.getTxID(),
      transaction: transaction.name,
      mspId,
      ...(studyId !== undefined && { studyId }),
      ...(datasetId !== undefined && { datasetId }),
      ...(round !== undefined && { round }),
    };
    const own: Concerns = {
      study: studyId === undefined ? [] : [studyId],
      dataset: datasetId === undefined ? [] : [datasetId],
      purpose: purpose === undefined ? [] : [purpose],
    };
    await ledger.recordActivity(activity, mergedConcerns([own, ...concerned]));
  }
  if (transaction.event !== null) {
    stub.setEvent(transaction.event, Buffer.from(canonicalJson(eventOf(result, mspId)), 'utf8'));
  }
  return canonicalJson(result);
}

const lengthOf = ({ stageSince, deadline }: Stage): number => Date.parse(deadline) - Date.parse(stageSince);

const mergedConcerns = (all: readonly Concerns[]): Concerns => ({
  study: all.flatMap(({ study = [] }) => study),
  dataset: all.flatMap(({ dataset = [] }) => dataset),
  purpose: all.flatMap(({ purpose = [] }) => purpose),
});

function eventOf(row: object, mspId: string): Record<string, unknown> {
  const fields = row as Record<string, unknown>;
  return { mspId, ...Object.fromEntries(EVENT_FIELDS.map((field) => [field, fields[field]])) };
}

/**
 * The runtime reads a name up to its first line break, and takes one without a contract for the first contract's. A
 * statement that its sender signed under such a name would be no evidence of what it did.
 */
function requireOwnName({ stub }: LedgerContext, { name }: Transaction): void {
  const { fcn } = stub.getFunctionAndParameters();
  if (fcn !== name) throw noSuchTransaction(fcn);
}

/** Whatever else a proposal carries is not read by any transaction, and may be anything, of any size. */
function requireArgumentAlone({ stub }: LedgerContext): void {
  if (stub.getTransient().size > 0) {
    throw new DomainError('INVALID_ARGUMENT', 'transient data is not taken: leave it out');
  }
  if (stub.getArgs().length > 2) {
    throw new DomainError('INVALID_ARGUMENT', 'a transaction takes one argument, in JSON');
  }
}

function requireRole({ clientIdentity }: LedgerContext, { name, roles }: Transaction): void {
  const role = clientIdentity.getAttributeValue(ROLE_ATTRIBUTE);
  if (ROLES.includes(role as Role) && roles.includes(role as Role)) return;
  const had = role === null ? 'no role' : `role ${role.slice(0, 50)}`;
  throw new DomainError('ROLE_REQUIRED', `${name} needs ${roles.join(' or ')}; the certificate has ${had}`);
}

/** @throws DomainError CLOCK_SKEW for what no calendar has: a client writes the time of its transactions itself */
function timeOf(claimed: Date): Date {
  const year = claimed.getUTCFullYear();
  if (year >= 0 && year <= 9999) return claimed;
  throw new DomainError('CLOCK_SKEW', "the transaction's time is in no year from 0 to 9999");
}

function requireTime(context: LedgerContext, time: Date, mostMs: number): void {
  if (Math.abs(time.getTime() - context.now()) <= mostMs) return;
  throw new DomainError(
    'CLOCK_SKEW',
    `the transaction's time ${time.toISOString()} is more than ${mostMs / 1000} seconds away`,
  );
}

async function requireMember(ledger: Ledger, mspId: string, name: string): Promise<void> {
  const member = await ledger.get('member', mspId);
  if (member === undefined) {
    throw new DomainError('NOT_A_MEMBER', `${mspId} is not a member: its operator registers it first`);
  }
  const departure = await departureOf(ledger, mspId, member);
  if (departure === undefined || AFTER_LEAVING.some((allowed) => allowed === name)) return;
  throw new DomainError(
    'NOT_A_MEMBER',
    `${mspId} left on ${departure.leftAt}: it registers again once a majority of the members lets it return`,
  );
}
