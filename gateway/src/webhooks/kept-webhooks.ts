// What is registered, and up to where each webhook has delivered, on disk. The ledger itself is the queue: what is kept
// of the events of a webhook is one position, and those that could not be delivered, by their place on the ledger. A
// position and what it leaves behind are written in one transaction: a crash repeats an event, and loses none.
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DamagedDatabaseError, problemWithRemedy, RowGuard } from '@consilium/guarded-rows';
import type { EventPosition } from '../fabric/ledger.ts';

export interface Webhook {
  readonly webhookId: string;
  readonly url: string;
  /** Names of events; all where undefined. */
  readonly events: readonly string[] | undefined;
  /** Of one study; of all, and of none, where undefined. */
  readonly studyId: string | undefined;
  /** Id of the API key that registered it, then. */
  readonly registeredBy: string;
  /** Whose it is: that key by its hash, with the role and the person it had. */
  readonly owner: WebhookOwner;
  readonly createdAtMs: number;
  readonly secret: string;
  /** Counts beside the new one until its time is over. */
  readonly oldSecret: { readonly secret: string; readonly untilMs: number } | undefined;
  /** Everything before it was delivered, left out or set aside. */
  readonly position: EventPosition;
  /** Why nothing is sent until its owner asks for it; undefined where it runs. */
  readonly stopped: string | undefined;
}

export interface WebhookOwner {
  readonly hash: string;
  readonly role: string;
  readonly person: string | undefined;
}

/** An event that was given up, and where it is on the ledger. */
export interface DeadLetter {
  /** Grows with each; pages go by it. */
  readonly number: number;
  readonly eventId: string;
  readonly blockNumber: number;
  readonly transactionId: string;
  readonly event: string;
  readonly attempts: number;
  readonly problem: string;
  readonly atMs: number;
  /** It is to be tried once more. */
  readonly isAsked: boolean;
}

export type NewDeadLetter = Omit<DeadLetter, 'number' | 'isAsked'>;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS webhooks (
    webhook_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    events TEXT,
    study_id TEXT,
    registered_by TEXT NOT NULL,
    owner_hash TEXT NOT NULL,
    owner_role TEXT NOT NULL,
    owner_person TEXT,
    created_at_ms INTEGER NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT,
    old_secret_until_ms INTEGER,
    block INTEGER NOT NULL,
    after_transaction TEXT,
    stopped TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    block INTEGER NOT NULL,
    transaction_id TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    problem TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    UNIQUE (webhook_id, event_id)
  ) STRICT;
`;
const PRAGMAS = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;';
const IN_USE = 'another gateway uses this CONSILIUM_DATA_DIR';
const REMEDY =
  'Put back a copy of CONSILIUM_DATA_DIR that was made while the gateway was stopped; events since then are sent a ' +
  'second time. Without one, move webhooks.sqlite* away and start again: webhooks are then registered again, with ' +
  '"from" the last block that their systems have.';
const FILE = 'webhooks.sqlite';

type Row = Record<string, string | number | null>;

const webhookOf = (row: Row): Webhook => ({
  webhookId: String(row.webhook_id),
  url: String(row.url),
  events: row.events === null ? undefined : JSON.parse(String(row.events)),
  studyId: (row.study_id as string | null) ?? undefined,
  registeredBy: String(row.registered_by),
  owner: {
    hash: String(row.owner_hash),
    role: String(row.owner_role),
    person: (row.owner_person as string | null) ?? undefined,
  },
  createdAtMs: Number(row.created_at_ms),
  secret: String(row.secret),
  oldSecret:
    row.old_secret === null
      ? undefined
      : { secret: String(row.old_secret), untilMs: Number(row.old_secret_until_ms) },
  position: {
    blockNumber: Number(row.block),
    ...(row.after_transaction !== null && { afterTransactionId: String(row.after_transaction) }),
  },
  stopped: (row.stopped as string | null) ?? undefined,
});

const deadLetterOf = (row: Row): DeadLetter => ({
  number: Number(row.number),
  eventId: String(row.event_id),
  blockNumber: Number(row.block),
  transactionId: String(row.transaction_id),
  event: String(row.event),
  attempts: Number(row.attempts),
  problem: String(row.problem),
  atMs: Number(row.at_ms),
  isAsked: row.asked === 1,
});

/** The secrets that sign now: the newest first. */
export function secretsOf(
  { secret, oldSecret }: Pick<Webhook, 'secret' | 'oldSecret'>,
  nowMs: number,
): string[] {
  return oldSecret !== undefined && nowMs < oldSecret.untilMs ? [secret, oldSecret.secret] : [secret];
}

export class KeptWebhooks {
  readonly #guard: RowGuard;
  readonly #database: DatabaseSync;
  readonly #all = new Map<string, Webhook>();

  /**
   * In memory where no directory is given. The file holds secrets: it is its owner's alone.
   *
   * @throws DamagedDatabaseError for a file that is not what was written; Error where it cannot be opened
   */
  constructor(directory?: string) {
    const path = directory === undefined ? ':memory:' : join(directory, FILE);
    try {
      if (directory !== undefined) {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        // SQLite gives its other files the mode of this one.
        closeSync(openSync(path, 'a', 0o600));
        chmodSync(path, 0o600);
      }
      this.#guard = new RowGuard({
        file: directory === undefined ? undefined : path,
        pragmas: PRAGMAS,
        tables: [
          { name: 'webhooks', key: ['webhook_id'] },
          { name: 'dead_letters', key: ['number'] },
        ],
        remedy: REMEDY,
      });
      this.#database = this.#guard.database;
      this.#guard.upgrade(() => this.#database.exec(SCHEMA));
      for (const row of this.#database.prepare('SELECT * FROM webhooks').all()) {
        const webhook = webhookOf(row as Row);
        this.#all.set(webhook.webhookId, webhook);
      }
    } catch (cause) {
      if (cause instanceof DamagedDatabaseError) throw cause;
      throw new Error(`cannot open the webhooks ${path}: ${problemWithRemedy(cause, IN_USE)}`, { cause });
    }
  }

  all(): Webhook[] {
    return [...this.#all.values()];
  }

  get(webhookId: string): Webhook | undefined {
    return this.#all.get(webhookId);
  }

  add(webhook: Webhook): void {
    const { owner, oldSecret, position } = webhook;
    this.#write('FULL', () =>
      this.#database
        .prepare(`INSERT INTO webhooks VALUES (${Array(15).fill('?').join(', ')})`)
        .run(
          webhook.webhookId,
          webhook.url,
          webhook.events === undefined ? null : JSON.stringify(webhook.events),
          webhook.studyId ?? null,
          webhook.registeredBy,
          owner.hash,
          owner.role,
          owner.person ?? null,
          webhook.createdAtMs,
          webhook.secret,
          oldSecret?.secret ?? null,
          oldSecret?.untilMs ?? null,
          position.blockNumber,
          position.afterTransactionId ?? null,
          webhook.stopped ?? null,
        ),
    );
    this.#all.set(webhook.webhookId, webhook);
  }

  remove(webhookId: string): void {
    this.#write('FULL', () => {
      this.#database.prepare('DELETE FROM dead_letters WHERE webhook_id = ?').run(webhookId);
      this.#database.prepare('DELETE FROM webhooks WHERE webhook_id = ?').run(webhookId);
    });
    this.#all.delete(webhookId);
  }

  /** The key that a rotation put in the place of the owner's. */
  rebind(webhookId: string, hash: string): void {
    const webhook = this.#known(webhookId);
    this.#write('NORMAL', () =>
      this.#database.prepare('UPDATE webhooks SET owner_hash = ? WHERE webhook_id = ?').run(hash, webhookId),
    );
    this.#all.set(webhookId, { ...webhook, owner: { ...webhook.owner, hash } });
  }

  /** The secret before goes on until then. */
  replaceSecret(webhookId: string, secret: string, oldUntilMs: number): void {
    const webhook = this.#known(webhookId);
    this.#write('FULL', () =>
      this.#database
        .prepare(
          'UPDATE webhooks SET secret = ?, old_secret = ?, old_secret_until_ms = ? WHERE webhook_id = ?',
        )
        .run(secret, webhook.secret, oldUntilMs, webhookId),
    );
    this.#all.set(webhookId, {
      ...webhook,
      secret,
      oldSecret: { secret: webhook.secret, untilMs: oldUntilMs },
    });
  }

  /** Sends go on from there. Losing this in a power failure repeats events, so nothing waits for the disk. */
  advance(webhookId: string, position: EventPosition): void {
    this.#write('NORMAL', () => this.#setPosition(webhookId, position));
    this.#moved(webhookId, position);
  }

  /** Asked for by its owner: also one that was stopped goes on. */
  restartAt(webhookId: string, position: EventPosition): void {
    this.#write('FULL', () => {
      this.#setPosition(webhookId, position);
      this.#database.prepare('UPDATE webhooks SET stopped = NULL WHERE webhook_id = ?').run(webhookId);
    });
    this.#moved(webhookId, position);
    this.#all.set(webhookId, { ...this.#known(webhookId), stopped: undefined });
  }

  stop(webhookId: string, why: string): void {
    const webhook = this.#known(webhookId);
    this.#write('NORMAL', () =>
      this.#database.prepare('UPDATE webhooks SET stopped = ? WHERE webhook_id = ?').run(why, webhookId),
    );
    this.#all.set(webhookId, { ...webhook, stopped: why });
  }

  /** Sets an event aside and goes on behind it, both or neither. */
  setAside(webhookId: string, letter: NewDeadLetter, position: EventPosition): void {
    this.#write('NORMAL', () => {
      this.#database
        .prepare(
          `INSERT INTO dead_letters
             (webhook_id, event_id, block, transaction_id, event, attempts, problem, at_ms, asked)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (webhook_id, event_id)
           DO UPDATE SET attempts = excluded.attempts, problem = excluded.problem, at_ms = excluded.at_ms`,
        )
        .run(
          webhookId,
          letter.eventId,
          letter.blockNumber,
          letter.transactionId,
          letter.event,
          letter.attempts,
          letter.problem,
          letter.atMs,
        );
      this.#setPosition(webhookId, position);
    });
    this.#moved(webhookId, position);
  }

  numberOfDeadLetters(webhookId?: string): number {
    const [where, values] = webhookId === undefined ? ['', []] : [' WHERE webhook_id = ?', [webhookId]];
    return Number(
      this.#database.prepare(`SELECT count(*) AS rows FROM dead_letters${where}`).get(...values)?.rows,
    );
  }

  /** Oldest first, behind a number. */
  deadLetters(webhookId: string, page: { readonly after: number; readonly limit: number }): DeadLetter[] {
    return this.#database
      .prepare('SELECT * FROM dead_letters WHERE webhook_id = ? AND number > ? ORDER BY number LIMIT ?')
      .all(webhookId, page.after, page.limit)
      .map((row) => deadLetterOf(row as Row));
  }

  /** @returns how many are to be tried again: those of these events, or all */
  askAgain(webhookId: string, eventIds?: readonly string[]): number {
    let asked = 0;
    this.#write('FULL', () => {
      const one = this.#database.prepare(
        'UPDATE dead_letters SET asked = 1 WHERE webhook_id = ? AND (? IS NULL OR event_id = ?)',
      );
      for (const id of eventIds ?? [null]) asked += Number(one.run(webhookId, id, id).changes);
    });
    return asked;
  }

  firstAsked(webhookId: string): DeadLetter | undefined {
    const row = this.#database
      .prepare('SELECT * FROM dead_letters WHERE webhook_id = ? AND asked = 1 ORDER BY number LIMIT 1')
      .get(webhookId);
    return row && deadLetterOf(row as Row);
  }

  /** Delivered after all. */
  forget(webhookId: string, number: number): void {
    this.#write('NORMAL', () =>
      this.#database
        .prepare('DELETE FROM dead_letters WHERE webhook_id = ? AND number = ?')
        .run(webhookId, number),
    );
  }

  /** Tried once more, in vain. */
  leave(
    webhookId: string,
    number: number,
    failure: { readonly problem: string; readonly atMs: number },
  ): void {
    this.#write('NORMAL', () =>
      this.#database
        .prepare(
          `UPDATE dead_letters SET asked = 0, attempts = attempts + 1, problem = ?, at_ms = ?
           WHERE webhook_id = ? AND number = ?`,
        )
        .run(failure.problem, failure.atMs, webhookId, number),
    );
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#guard.close();
    this.#database.close();
  }

  #known(webhookId: string): Webhook {
    const webhook = this.#all.get(webhookId);
    if (webhook === undefined) throw new Error(`no webhook ${webhookId}`);
    return webhook;
  }

  #setPosition(webhookId: string, { blockNumber, afterTransactionId }: EventPosition): void {
    this.#database
      .prepare('UPDATE webhooks SET block = ?, after_transaction = ? WHERE webhook_id = ?')
      .run(blockNumber, afterTransactionId ?? null, webhookId);
  }

  #moved(webhookId: string, position: EventPosition): void {
    this.#all.set(webhookId, { ...this.#known(webhookId), position });
  }

  /** One transaction. FULL: it is on disk when this returns. */
  #write(synchronous: 'FULL' | 'NORMAL', work: () => void): void {
    try {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}; BEGIN IMMEDIATE`);
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    if (synchronous === 'FULL') this.#guard.acknowledge();
  }
}
