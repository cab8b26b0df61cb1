// The one adapter between Fabric and the rules: it reads the argument, checks who calls and when, runs the
// decision, emits the one event of the table, and answers in canonical JSON. Contracts hold nothing else.
import {
  type Argument,
  canonicalJson,
  DomainError,
  ROLE_ATTRIBUTE,
  ROLES,
  type Role,
  type Transaction,
  type TransactionName,
  transactionNamed,
  validate,
} from '../domain/index.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { LedgerContext } from './ledger-context.ts';

/** How far a client's clock may be from an endorser's. Deadlines rest on the client's claim, so minutes. */
export const CLOCK_SKEW_MAX_MS = 5 * 60 * 1000;
const ARGUMENT_BYTES_MAX = 1024 * 1024;

/** What a decision is taken from. */
export interface Call<N extends TransactionName> {
  readonly argument: Argument<N>;
  readonly ledger: Ledger;
  /** The caller's organisation, by its certificate. */
  readonly mspId: string;
  /** The transaction's time: the client's claim, within CLOCK_SKEW_MAX_MS of every endorser's. */
  readonly at: string;
  readonly transactionId: string;
  /** The organisation of the peer that runs this. Only a refusal to endorse may depend on it. */
  readonly ownMspId: () => string;
}
export type Decide<N extends TransactionName> = (call: Call<N>) => Promise<object>;

/** What an event tells listeners: which row, of whom, in which state; readers fetch the row itself. */
const EVENT_FIELDS = ['studyId', 'datasetId', 'round', 'state'] as const;

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
    return await run(context, transactionNamed(name), text, decide as Decide<TransactionName>);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.logging.getLogger().error(`${context.stub.getTxID()} ${name} failed: ${details}`);
    throw new DomainError('INTERNAL');
  }
}

async function run(
  context: LedgerContext,
  transaction: Transaction,
  text: string,
  decide: Decide<TransactionName>,
): Promise<string> {
  const { stub } = context;
  requireRole(context, transaction);
  const argument = validate(transaction.argument, parseArgument(text)) as Argument<TransactionName>;
  const mspId = context.clientIdentity.getMSPID();
  const time = stub.getDateTimestamp();
  const ledger = new Ledger(stub);
  if (transaction.kind === 'submit') {
    requireTime(context, time);
    if (transaction.name !== 'member:register') await requireMember(ledger, mspId);
  }
  const result = await decide({
    argument,
    ledger,
    mspId,
    at: time.toISOString(),
    transactionId: stub.getTxID(),
    ownMspId: () => stub.getMspID(),
  });
  if (transaction.event !== null) {
    stub.setEvent(transaction.event, Buffer.from(canonicalJson(eventOf(result, mspId)), 'utf8'));
  }
  return canonicalJson(result);
}

function eventOf(row: object, mspId: string): Record<string, unknown> {
  const fields = row as Record<string, unknown>;
  return { mspId, ...Object.fromEntries(EVENT_FIELDS.map((field) => [field, fields[field]])) };
}

function parseArgument(text: string): unknown {
  if (Buffer.byteLength(text, 'utf8') > ARGUMENT_BYTES_MAX) {
    throw new DomainError('INVALID_ARGUMENT', `argument must be at most ${ARGUMENT_BYTES_MAX} bytes`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'argument must be one JSON object');
  }
}

function requireRole({ clientIdentity }: LedgerContext, { name, roles }: Transaction): void {
  const role = clientIdentity.getAttributeValue(ROLE_ATTRIBUTE);
  if (ROLES.includes(role as Role) && roles.includes(role as Role)) return;
  const had = role === null ? 'no role' : `role ${role.slice(0, 50)}`;
  throw new DomainError('ROLE_REQUIRED', `${name} needs ${roles.join(' or ')}; the certificate has ${had}`);
}

function requireTime(context: LedgerContext, time: Date): void {
  const skewMs = Math.abs(time.getTime() - context.now());
  if (skewMs <= CLOCK_SKEW_MAX_MS) return;
  throw new DomainError(
    'CLOCK_SKEW',
    `the transaction's time ${time.toISOString()} is more than ${CLOCK_SKEW_MAX_MS / 60_000} minutes away`,
  );
}

async function requireMember(ledger: Ledger, mspId: string): Promise<void> {
  if ((await ledger.get('member', mspId)) !== undefined) return;
  throw new DomainError('NOT_A_MEMBER', `${mspId} is not a member: its operator registers it first`);
}
