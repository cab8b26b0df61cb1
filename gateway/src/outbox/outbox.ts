// The durable record of every transaction this gateway sends: written before sending, so that after a crash or
// a lost answer the outcome can be asked for instead of guessed, and a request is never carried out twice.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { DamagedDatabaseError, problemWithRemedy, RowGuard } from '@consilium/guarded-rows';
import type { Outcome, PreparedTransaction } from '../fabric/ledger.ts';

/** Who asked, under which Idempotency-Key, for what: the fingerprint tells two requests apart. */
export interface IdempotentRequest {
  readonly keyId: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
}

export interface SentTransaction extends PreparedTransaction {
  /** sent: the outcome is not known yet. */
  readonly state: 'sent' | 'committed' | 'invalid';
  readonly name: string;
  readonly fingerprint: string | null;
  readonly blockNumber: number | null;
  readonly validationCode: string | null;
  readonly sentAtMs: number;
}

export interface SendingRecord {
  readonly name: string;
  readonly prepared: PreparedTransaction;
  readonly request: IdempotentRequest | undefined;
}

interface Row {
  transaction_id: string;
  role: string;
  name: string;
  fingerprint: string | null;
  result: string;
  envelope: Uint8Array;
  state: string;
  block_number: number | null;
  validation_code: string | null;
  sent_at_ms: number;
}

/** `role` holds whose certificate signed: a role's, or a person's. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sent (
    transaction_id TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT,
    idempotency_key TEXT,
    fingerprint TEXT,
    result TEXT NOT NULL,
    envelope BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sent', 'committed', 'invalid')),
    block_number INTEGER,
    validation_code TEXT,
    sent_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS one_effect_per_key ON sent (key_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND state <> 'invalid';
  CREATE INDEX IF NOT EXISTS by_age ON sent (sent_at_ms);
  CREATE INDEX IF NOT EXISTS unknown_by_age ON sent (sent_at_ms) WHERE state = 'sent';
`;

const INSERT = `INSERT INTO sent
  (transaction_id, role, name, key_id, idempotency_key, fingerprint, result, envelope, state, sent_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'sent', ?)`;
const UPDATE =
  'UPDATE sent SET state = ?, block_number = ?, validation_code = ?, envelope = ? WHERE transaction_id = ?';

const FIND = "SELECT * FROM sent WHERE key_id = ? AND idempotency_key = ? AND state <> 'invalid'";

// Exclusive: two gateways over one outbox would each think the other's keys unused.
const PRAGMAS = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;';
const IN_USE = 'another gateway uses this CONSILIUM_DATA_DIR';
const REMEDY =
  'Put back a copy of CONSILIUM_DATA_DIR that was made while the gateway was stopped. Without one, move ' +
  'outbox.sqlite* away and start again: idempotency keys used before are then forgotten, so that a request sent ' +
  'again may be carried out twice; look on the ledger first.';

const RETENTION_MS = 30 * 24 * 3600_000;
const NO_BYTES = new Uint8Array(0);

const sentOf = (row: Row): SentTransaction => ({
  transactionId: row.transaction_id,
  signer: row.role,
  name: row.name,
  fingerprint: row.fingerprint,
  result: row.result,
  envelope: row.envelope,
  state: row.state as SentTransaction['state'],
  blockNumber: row.block_number,
  validationCode: row.validation_code,
  sentAtMs: row.sent_at_ms,
});

/** A row to be written with the next group: one write to disk serves all that wait for it. */
interface Waiting {
  /** Whose request it is, where it is named. */
  readonly slot?: string | undefined;
  readonly write: () => void;
  readonly done: () => void;
  readonly failed: (cause: unknown) => void;
}

const slotOf = ({ keyId, idempotencyKey }: Omit<IdempotentRequest, 'fingerprint'>): string =>
  `${keyId}\n${idempotencyKey}`;

/** Outcomes wait for a group that is written anyway, but not longer than this. */
const OUTCOME_WAITS_MS = 50;

export class Outbox {
  readonly #guard: RowGuard;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #find: StatementSync;
  #sending: Waiting[] = [];
  #outcomes: Waiting[] = [];
  #synchronous: 'FULL' | 'NORMAL' = 'FULL';
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  /**
   * @throws DamagedDatabaseError, or Error naming the file where another gateway holds it or the folder cannot be
   *   written
   */
  constructor(directory: string | undefined) {
    const path = directory === undefined ? ':memory:' : join(directory, 'outbox.sqlite');
    try {
      if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.#guard = new RowGuard({
        file: directory === undefined ? undefined : path,
        pragmas: PRAGMAS,
        tables: [{ name: 'sent', key: ['transaction_id'] }],
        remedy: REMEDY,
      });
      this.#database = this.#guard.database;
      this.#guard.upgrade(() => this.#database.exec(SCHEMA));
      this.#insert = this.#database.prepare(INSERT);
      this.#update = this.#database.prepare(UPDATE);
      this.#find = this.#database.prepare(FIND);
    } catch (cause) {
      if (cause instanceof DamagedDatabaseError) throw cause;
      throw new Error(`cannot open the outbox ${path}: ${problemWithRemedy(cause, IN_USE)}`, { cause });
    }
  }

  /** Resolves when the record is on disk; records that arrive together share one write. */
  recordSending({ name, prepared, request }: SendingRecord): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const write = () =>
      this.#insert.run(
        prepared.transactionId,
        prepared.signer,
        name,
        request?.keyId ?? null,
        request?.idempotencyKey ?? null,
        request?.fingerprint ?? null,
        prepared.result,
        prepared.envelope,
        Date.now(),
      );
    this.#sending.push({ slot: request && slotOf(request), write, done: resolve, failed: reject });
    this.#soon ??= setImmediate(() => this.#flush());
    return promise;
  }

  /**
   * Resolves when the outcome is written, a little later, and does not wait for the disk: losing it in a crash only
   * means asking the ledger again. Every read of this object sees it at once.
   */
  recordOutcome(transactionId: string, outcome: Outcome): Promise<void> {
    if (outcome.state === 'unknown') return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The envelope only serves to send the same transaction again, which a known outcome rules out.
    const write = () =>
      this.#update.run(
        outcome.state,
        outcome.blockNumber,
        outcome.state === 'invalid' ? outcome.validationCode : null,
        NO_BYTES,
        transactionId,
      );
    this.#outcomes.push({ write, done: resolve, failed: reject });
    this.#later ??= setTimeout(() => this.#writeOutcomes(), OUTCOME_WAITS_MS).unref();
    return promise;
  }

  /** Writes all that waits and returns when it is on disk: outcomes first, since an invalid one frees its key. */
  #flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const sending = this.#sending;
    this.#sending = [];
    if (sending.length === 0) this.#writeOutcomes();
    else this.#write([...this.#takeOutcomes(), ...sending], 'FULL');
  }

  /** What is only written, not synchronised, the next group that is takes to disk with it. */
  #writeOutcomes(): void {
    this.#write(this.#takeOutcomes(), 'NORMAL');
  }

  #takeOutcomes(): Waiting[] {
    clearTimeout(this.#later);
    this.#later = undefined;
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return outcomes;
  }

  /** Writes one group, in order; a row that is refused fails by itself. */
  #write(group: readonly Waiting[], synchronous: 'FULL' | 'NORMAL'): void {
    if (group.length === 0) return;
    const refused = new Map<Waiting, unknown>();
    try {
      if (this.#synchronous !== synchronous) this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
      this.#synchronous = synchronous;
      this.#database.exec('BEGIN IMMEDIATE');
      for (const waiting of group) {
        try {
          waiting.write();
        } catch (cause) {
          // A full disk undoes the whole group, not the one row.
          if (!this.#database.isTransaction) throw cause;
          refused.set(waiting, cause);
        }
      }
      this.#database.exec('COMMIT');
      if (synchronous === 'FULL') this.#guard.acknowledge();
    } catch (cause) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const { failed } of group) failed(cause);
      return;
    }
    for (const waiting of group) {
      if (refused.has(waiting)) waiting.failed(refused.get(waiting));
      else waiting.done();
    }
  }

  /** What this key's request came to, unless it came to nothing. */
  find(keyId: string, idempotencyKey: string): SentTransaction | undefined {
    const slot = slotOf({ keyId, idempotencyKey });
    if (this.#sending.some((waiting) => waiting.slot === slot)) this.#flush();
    else this.#writeOutcomes();
    const row = this.#find.get(keyId, idempotencyKey) as Row | undefined;
    return row && sentOf(row);
  }

  get(transactionId: string): SentTransaction | undefined {
    this.#flush();
    const row = this.#database.prepare('SELECT * FROM sent WHERE transaction_id = ?').get(transactionId) as
      | Row
      | undefined;
    return row && sentOf(row);
  }

  /** Transactions whose outcome is unknown, oldest first. */
  unknown(limit = 100): SentTransaction[] {
    this.#flush();
    const rows = this.#database
      .prepare("SELECT * FROM sent WHERE state = 'sent' ORDER BY sent_at_ms LIMIT ?")
      .all(limit) as unknown as Row[];
    return rows.map(sentOf);
  }

  /** How many transactions wait for their outcome, and since when the oldest does. */
  waiting(): { readonly number: number; readonly oldestMs: number | undefined } {
    const row = this.#database
      .prepare("SELECT count(*) AS number, min(sent_at_ms) AS oldest FROM sent WHERE state = 'sent'")
      .get() as { number: number; oldest: number | null };
    return { number: row.number, oldestMs: row.oldest ?? undefined };
  }

  /** Forgets known outcomes older than 30 days. Unknown ones are kept. */
  forgetOld(nowMs: number = Date.now()): number {
    this.#flush();
    const { changes } = this.#database
      .prepare("DELETE FROM sent WHERE state <> 'sent' AND sent_at_ms < ?")
      .run(nowMs - RETENTION_MS);
    return Number(changes);
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#flush();
    this.#guard.close();
    this.#database.close();
  }
}
