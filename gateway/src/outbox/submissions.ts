// Carries a request to the ledger exactly once: recorded before it is sent, asked about when its answer is lost,
// never sent as a second transaction while the first may still commit. Only a transaction that the ledger itself
// recorded as invalid, so that it has not happened, is proposed again under a new id, and not without end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionName } from '@consilium/domain';
import type { FastifyBaseLogger } from 'fastify';
import {
  type BeforeSending,
  type Committed,
  type EndorsedMessage,
  type Ledger,
  type LedgerCall,
  LedgerError,
  type Outcome,
  type PreparedTransaction,
} from '../fabric/ledger.ts';
import { invalidated, mayProposeAgain } from '../fabric/validation-codes.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { Metrics } from '../metrics.ts';
import type { IdempotentRequest, Outbox, SendingRecord, SentTransaction } from './outbox.ts';

export interface Submitted extends Committed {
  /** Whether this is the outcome of an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

export interface SubmissionsOptions {
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  /** How long a lost answer is asked for before the caller gets the answer that the outcome is unknown. */
  readonly recoveryTimeoutMs: number;
}

const ATTEMPTS_MAX = 4;
const BACKOFF_MS = 40;
const RECOVERY_PASS_MS = 30_000;

interface InFlight {
  readonly fingerprint: string;
  readonly outcome: Promise<Submitted>;
}

export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #inFlight = new Map<string, InFlight>();
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
  }

  /**
   * @throws GatewayRefusal IDEMPOTENCY_KEY_REUSED for a key that belongs to another request; DomainError and
   *   LedgerError as the ledger does.
   */
  async submit(call: LedgerCall, request?: IdempotentRequest): Promise<Submitted> {
    if (request === undefined) return this.#attempt(call, undefined);
    const slot = `${request.keyId}\n${request.idempotencyKey}`;
    const running = this.#inFlight.get(slot);
    if (running !== undefined) {
      refuseOther(running.fingerprint, request);
      return { ...(await running.outcome), replayed: true };
    }
    const outcome = this.#once(call, request);
    this.#inFlight.set(slot, { fingerprint: request.fingerprint, outcome });
    try {
      return await outcome;
    } finally {
      this.#inFlight.delete(slot);
    }
  }

  /**
   * Sends what its client signed, once: again with the same id it answers with what became of it.
   *
   * @throws DomainError and LedgerError as the ledger does
   */
  async submitSigned(
    name: TransactionName,
    transaction: EndorsedMessage,
    signature: Uint8Array,
  ): Promise<Submitted> {
    const { transactionId } = transaction;
    const slot = `signed\n${transactionId}`;
    const running = this.#inFlight.get(slot);
    if (running !== undefined) return { ...(await running.outcome), replayed: true };
    const { ledger } = this.#options;
    const send = () =>
      this.#send({ name, request: undefined }, (before) =>
        ledger.submitSigned(transaction, signature, before),
      );
    const outcome = this.#earlierOutcome(transactionId).then((earlier) => earlier ?? send());
    this.#inFlight.set(slot, { fingerprint: transactionId, outcome });
    try {
      return await outcome;
    } finally {
      this.#inFlight.delete(slot);
    }
  }

  /** Of a transaction that was sent before; undefined where none was. */
  async #earlierOutcome(transactionId: string): Promise<Submitted | undefined> {
    const { outbox, recoveryTimeoutMs: timeoutMs } = this.#options;
    const earlier = outbox.get(transactionId);
    if (earlier === undefined) return undefined;
    const settled =
      earlier.state === 'sent' ? await this.#recover(earlier, { timeoutMs, resend: true }) : earlier;
    if (settled.state === 'committed') return replayOf(settled);
    if (settled.state === 'sent') throw outcomeUnknown(transactionId);
    throw invalidated({ transactionId, validationCode: settled.validationCode ?? 'UNKNOWN' });
  }

  /** What became of a transaction of this gateway; asks the ledger where that is not known yet. */
  async outcomeOf(transactionId: string, timeoutMs = 2_000): Promise<SentTransaction | undefined> {
    const sent = this.#options.outbox.get(transactionId);
    if (sent?.state !== 'sent') return sent;
    await this.#recover(sent, { timeoutMs, resend: false });
    return this.#options.outbox.get(transactionId);
  }

  /** Asks for unknown outcomes now and then, without sending anything; stops with `close`. */
  startRecovery(): void {
    const pass = () => {
      this.#pass = this.#recoverAll().catch((err) => this.#options.log.error({ err }, 'recovery failed'));
    };
    pass();
    this.#timer = setInterval(pass, RECOVERY_PASS_MS).unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#pass;
    await Promise.allSettled([...this.#inFlight.values()].map(({ outcome }) => outcome));
  }

  async #once(call: LedgerCall, request: IdempotentRequest): Promise<Submitted> {
    const earlier = this.#options.outbox.find(request.keyId, request.idempotencyKey);
    if (earlier === undefined) return this.#attempt(call, request);
    refuseOther(earlier.fingerprint, request);
    if (earlier.state === 'committed') return replayOf(earlier);
    // Sent before, answer lost. The caller wants it done: the same transaction is sent again, which cannot
    // commit twice, and only a definite "invalid" makes room for a new one.
    const timeoutMs = this.#options.recoveryTimeoutMs;
    const settled = await this.#recover(earlier, { timeoutMs, resend: true });
    if (settled.state === 'committed') return replayOf(settled);
    if (settled.state === 'invalid') return this.#attempt(call, request);
    throw outcomeUnknown(earlier.transactionId);
  }

  async #attempt(call: LedgerCall, request: IdempotentRequest | undefined): Promise<Submitted> {
    const { metrics, log } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#send({ name: call.name, request }, (before) =>
          this.#options.ledger.submit(call, before),
        );
      } catch (error) {
        if (!(error instanceof LedgerError) || error.validationCode === undefined) throw error;
        const { transactionId, validationCode } = error;
        if (!mayProposeAgain(validationCode) || attempt === ATTEMPTS_MAX) throw error;
        metrics.conflictRetries.inc({ transaction: call.name });
        log.info({ transactionId, attempt, validationCode }, 'recorded as invalid, proposing it again');
        await sleep(BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
      }
    }
  }

  /** One transaction. Throws with a validation code exactly where the ledger says that it did not happen. */
  async #send(
    record: Omit<SendingRecord, 'prepared'>,
    submit: (beforeSending: BeforeSending) => Promise<Committed>,
  ): Promise<Submitted> {
    let sent: PreparedTransaction | undefined;
    try {
      const committed = await submit(async (prepared) => {
        await this.#recordSending({ ...record, prepared });
        sent = prepared;
      });
      const { transactionId, blockNumber } = committed;
      this.#recordOutcome(transactionId, { state: 'committed', blockNumber });
      return { ...committed, replayed: false };
    } catch (error) {
      if (sent === undefined || !(error instanceof LedgerError)) throw error;
      const { transactionId } = sent;
      if (error.code === 'OUTCOME_UNKNOWN') return await this.#settle(transactionId, error);
      // Whatever else was thrown after sending says that the transaction had no effect.
      const validationCode = error.validationCode ?? error.code;
      this.#recordOutcome(transactionId, { state: 'invalid', blockNumber: 0, validationCode });
      throw error;
    }
  }

  async #settle(transactionId: string, error: LedgerError): Promise<Submitted> {
    const { outbox, metrics, log, recoveryTimeoutMs } = this.#options;
    log.warn({ err: error, transactionId }, 'outcome unknown, asking the ledger');
    metrics.unknownOutcomes.inc();
    const sent = outbox.get(transactionId);
    if (sent === undefined) throw error;
    const settled = await this.#recover(sent, { timeoutMs: recoveryTimeoutMs, resend: false });
    if (settled.state === 'committed') return { ...replayOf(settled), replayed: false };
    if (settled.state === 'sent') throw error;
    throw invalidated({ transactionId, validationCode: settled.validationCode ?? 'UNKNOWN', cause: error });
  }

  async #recover(
    sent: SentTransaction,
    options: { timeoutMs: number; resend: boolean },
  ): Promise<SentTransaction> {
    const { ledger, outbox, log } = this.#options;
    const outcome = await ledger.recover(sent, options);
    this.#recordOutcome(sent.transactionId, outcome);
    const { transactionId } = sent;
    log.info({ transactionId, outcome: outcome.state, resend: options.resend }, 'asked for an outcome');
    return outbox.get(transactionId) ?? sent;
  }

  async #recordSending(record: SendingRecord): Promise<void> {
    try {
      await this.#options.outbox.recordSending(record);
    } catch (cause) {
      throw new GatewayRefusal('OUTBOX_UNAVAILABLE', undefined, cause);
    }
  }

  /** An outcome that cannot be written is still true: it is asked for again when it is needed. */
  #recordOutcome(transactionId: string, outcome: Outcome): void {
    this.#options.outbox.recordOutcome(transactionId, outcome).catch((err) => {
      this.#options.log.error({ err, transactionId }, 'cannot record an outcome');
    });
  }

  async #recoverAll(): Promise<void> {
    this.#options.outbox.forgetOld();
    for (const sent of this.#options.outbox.unknown()) {
      if (this.#isClosed) return;
      await this.#recover(sent, { timeoutMs: 2_000, resend: false });
    }
  }
}

const replayOf = (sent: SentTransaction): Submitted => ({
  transactionId: sent.transactionId,
  blockNumber: sent.blockNumber ?? 0,
  result: JSON.parse(sent.result === '' ? 'null' : sent.result),
  replayed: true,
});

function refuseOther(fingerprint: string | null, request: IdempotentRequest): void {
  if (fingerprint !== request.fingerprint) throw new GatewayRefusal('IDEMPOTENCY_KEY_REUSED');
}

const outcomeUnknown = (transactionId: string) =>
  new LedgerError({
    code: 'OUTCOME_UNKNOWN',
    step: 'commit-status',
    message: 'still unknown',
    transactionId,
  });
