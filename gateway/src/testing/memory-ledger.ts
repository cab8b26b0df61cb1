// A ledger in memory for tests of everything above the ledger: it keeps rows, blocks and events and checks
// arguments by the domain's schemas, and has none of the chaincode's rules. What goes wrong on a real ledger
// is played by `failNext`, at the step where it would happen.

import {
  canonicalJson,
  DomainError,
  type ErrorCode,
  ROLES,
  type Role,
  transactionNamed,
  validate,
} from '@consilium/domain';
import {
  type BeforeSending,
  type Committed,
  type EndorsedMessage,
  type EventPosition,
  type EventsOptions,
  type Ledger,
  type LedgerCall,
  type LedgerError,
  type LedgerEvent,
  type Outcome,
  type PreparedTransaction,
  READINESS_CHECKS,
  type ReadinessCheck,
  type RecoverOptions,
  signerOf,
  type UnsignedMessage,
} from '../fabric/ledger.ts';
import type { OrderersSeen } from '../fabric/orderers-seen.ts';

/** Where a played failure happens: before anything is sent, or after, with what the ledger really did. */
export interface PlayedFailure {
  readonly error: LedgerError | DomainError;
  readonly when: 'before-sending' | 'after-sending';
  /** For a failure after sending: whether the transaction reaches the ledger all the same. */
  readonly commits?: boolean;
}

const key = (...parts: readonly unknown[]) => parts.join('/');

/** Transactions that create a row: where the row is, and the refusal of a second one. */
const CREATES: Record<string, { noun: string; by: readonly string[]; taken: ErrorCode }> = {
  'member:register': { noun: 'member', by: ['mspId'], taken: 'MEMBER_EXISTS' },
  'dataset:register': { noun: 'dataset', by: ['datasetId'], taken: 'DATASET_EXISTS' },
  'study:propose': { noun: 'study', by: ['studyId'], taken: 'STUDY_EXISTS' },
  'study:consent': { noun: 'consent', by: ['studyId', 'datasetId'], taken: 'CONSENT_EXISTS' },
  'round:open': { noun: 'round', by: ['studyId', 'round'], taken: 'ROUND_EXISTS' },
  'round:recordUpdate': { noun: 'update', by: ['studyId', 'round', 'datasetId'], taken: 'UPDATE_EXISTS' },
  'round:commitScore': {
    noun: 'score-commitment',
    by: ['studyId', 'round', 'datasetId'],
    taken: 'SCORE_COMMITTED',
  },
  'round:recordVerdict': { noun: 'verdict', by: ['studyId', 'round', 'mspId'], taken: 'VERDICT_EXISTS' },
  'round:attest': { noun: 'attestation', by: ['studyId', 'round', 'mspId'], taken: 'ATTESTATION_EXISTS' },
};
const READS: Record<string, { noun: string; by: readonly string[]; missing: ErrorCode }> = {
  'member:get': { noun: 'member', by: ['mspId'], missing: 'MEMBER_NOT_FOUND' },
  'dataset:get': { noun: 'dataset', by: ['datasetId'], missing: 'DATASET_NOT_FOUND' },
  'study:get': { noun: 'study', by: ['studyId'], missing: 'STUDY_NOT_FOUND' },
  'study:getConsent': { noun: 'consent', by: ['studyId', 'datasetId'], missing: 'CONSENT_NOT_FOUND' },
  'round:get': { noun: 'round', by: ['studyId', 'round'], missing: 'ROUND_NOT_FOUND' },
  'round:getUpdate': { noun: 'update', by: ['studyId', 'round', 'datasetId'], missing: 'UPDATE_NOT_FOUND' },
  'round:getVerdict': { noun: 'verdict', by: ['studyId', 'round', 'mspId'], missing: 'VERDICT_NOT_FOUND' },
};
const LISTS: Record<string, string> = {
  'member:list': 'member',
  'dataset:list': 'dataset',
  'study:list': 'study',
  'study:listConsents': 'consent',
  'round:list': 'round',
};

export class MemoryLedger implements Ledger {
  readonly channel = 'consortium';
  readonly chaincode = 'consilium';
  readonly mspId: string;
  readonly roles: readonly Role[];
  readonly calls: LedgerCall[] = [];
  /** What orderers() sees. */
  orderersSeen: OrderersSeen | undefined;
  /** What ready() reports as missing. */
  missing: readonly ReadinessCheck[] = [];
  readonly #rows = new Map<string, Record<string, unknown>>();
  readonly #events: LedgerEvent[] = [];
  readonly #outcomes = new Map<string, Outcome>();
  readonly #listeners = new Set<() => void>();
  readonly #failures: PlayedFailure[] = [];
  #blocks = 1;
  #transactions = 0;

  constructor({ mspId = 'Org1MSP', roles = ROLES }: { mspId?: string; roles?: readonly Role[] } = {}) {
    this.mspId = mspId;
    this.roles = roles;
  }

  /** The next calls fail like this, one each. */
  failNext(...failures: readonly PlayedFailure[]): void {
    this.#failures.push(...failures);
  }

  /** What recover() answers for a transaction, from now on. */
  settle(transactionId: string, outcome: Outcome): void {
    this.#outcomes.set(transactionId, outcome);
  }

  async submit(call: LedgerCall, beforeSending: BeforeSending): Promise<Committed> {
    this.calls.push(call);
    const failure = this.#failures.shift();
    if (failure?.when === 'before-sending') throw failure.error;
    const { row, rowKey } = this.#rowAfter(call);
    this.#transactions += 1;
    const transactionId = this.#transactions.toString(16).padStart(64, '0');
    const result = canonicalJson(row);
    await beforeSending({
      transactionId,
      signer: signerOf(call),
      result,
      envelope: new TextEncoder().encode(rowKey),
    });
    if (failure !== undefined && failure.commits !== true) throw withId(failure.error, transactionId);
    const blockNumber = this.#blocks++;
    this.#rows.set(rowKey, row);
    this.#outcomes.set(transactionId, { state: 'committed', blockNumber });
    const { event } = transactionNamed(call.name);
    if (event !== null) this.emit({ blockNumber, transactionId, name: event, payload: row });
    if (failure !== undefined) throw withId(failure.error, transactionId);
    return { transactionId, blockNumber, result: JSON.parse(result) };
  }

  /** What to sign is the call itself; what is endorsed, its row. */
  propose({ name, argument }: Pick<LedgerCall, 'name' | 'argument'>, certificate: string): UnsignedMessage {
    this.#transactions += 1;
    const transactionId = this.#transactions.toString(16).padStart(64, '0');
    const message = new TextEncoder().encode(canonicalJson({ name, argument, certificate, transactionId }));
    return { transactionId, message, encoded: message };
  }

  async endorse({ transactionId, encoded }: UnsignedMessage): Promise<EndorsedMessage> {
    const failure = this.#failures.shift();
    if (failure?.when === 'before-sending') throw failure.error;
    const { name, argument } = JSON.parse(new TextDecoder().decode(encoded)) as LedgerCall;
    const result = canonicalJson(this.#rowAfter({ name, argument, role: 'steward' }).row);
    const message = new TextEncoder().encode(`${transactionId} ${result}`);
    return { transactionId, message, encoded, result };
  }

  async submitSigned(
    { transactionId, result, encoded }: EndorsedMessage,
    _signature: Uint8Array,
    beforeSending: BeforeSending,
  ): Promise<Committed> {
    await beforeSending({ transactionId, signer: 'steward', result, envelope: encoded });
    const failure = this.#failures.shift();
    if (failure !== undefined) throw withId(failure.error, transactionId);
    const blockNumber = this.#blocks++;
    this.#outcomes.set(transactionId, { state: 'committed', blockNumber });
    return { transactionId, blockNumber, result: JSON.parse(result) };
  }

  async recover({ transactionId }: PreparedTransaction, options: RecoverOptions): Promise<Outcome> {
    const known = this.#outcomes.get(transactionId);
    if (known !== undefined || !options.resend) return known ?? { state: 'unknown' };
    const outcome: Outcome = { state: 'committed', blockNumber: this.#blocks++ };
    this.#outcomes.set(transactionId, outcome);
    return outcome;
  }

  async evaluate(call: LedgerCall): Promise<unknown> {
    this.calls.push(call);
    const failure = this.#failures.shift();
    if (failure !== undefined) throw failure.error;
    const argument = validate(transactionNamed(call.name).argument, call.argument) as Record<string, unknown>;
    const read = READS[call.name];
    if (read !== undefined) {
      const row = this.#rows.get(key(read.noun, ...read.by.map((name) => argument[name])));
      if (row === undefined) throw new DomainError(read.missing);
      return structuredClone(row);
    }
    const noun = LISTS[call.name];
    if (noun === undefined) return { asked: call.name, argument };
    const prefix = argument.studyId === undefined ? `${noun}/` : `${noun}/${argument.studyId}/`;
    const items = [...this.#rows].filter(([name]) => name.startsWith(prefix)).map(([, row]) => row);
    return { items: structuredClone(items) };
  }

  async *events({ from, signal }: EventsOptions): AsyncGenerator<LedgerEvent> {
    let next = from === undefined ? this.#events.length : this.#indexOf(from);
    while (!signal.aborted) {
      const event = this.#events[next];
      if (event !== undefined) {
        next += 1;
        yield event;
      } else {
        await this.#changed(signal);
      }
    }
  }

  /** There are no signed blocks in memory. */
  async *blocks(): AsyncGenerator<Uint8Array> {}

  async block(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async blockOf(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async signedAnswer(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async height(): Promise<number> {
    return this.#blocks;
  }

  async ready(): Promise<readonly ReadinessCheck[]> {
    return READINESS_CHECKS.map((name) => this.missing.find((check) => check.name === name) ?? { name });
  }

  async orderers(): Promise<OrderersSeen | undefined> {
    return this.orderersSeen;
  }

  async close(): Promise<void> {}

  emit(event: LedgerEvent): void {
    this.#blocks = Math.max(this.#blocks, event.blockNumber + 1);
    this.#events.push(event);
    for (const listener of this.#listeners) listener();
  }

  #rowAfter({ name, argument }: LedgerCall): { row: Record<string, unknown>; rowKey: string } {
    const fields = validate(transactionNamed(name).argument, argument) as Record<string, unknown>;
    const row = { schema: 1, ...fields, mspId: this.mspId };
    const creates = CREATES[name];
    if (creates === undefined) return { row, rowKey: key(name, ...Object.values(fields).map(String)) };
    const rowKey = key(creates.noun, ...creates.by.map((part) => (row as Record<string, unknown>)[part]));
    if (this.#rows.has(rowKey)) throw new DomainError(creates.taken);
    return { row, rowKey };
  }

  #indexOf({ blockNumber, afterTransactionId }: EventPosition): number {
    const after = this.#events.findIndex(({ transactionId }) => transactionId === afterTransactionId);
    if (after >= 0) return after + 1;
    const first = this.#events.findIndex((event) => event.blockNumber >= blockNumber);
    return first < 0 ? this.#events.length : first;
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }
}

function withId(error: LedgerError | DomainError, transactionId: string): Error {
  return Object.defineProperty(error, 'transactionId', { value: transactionId, enumerable: true });
}
