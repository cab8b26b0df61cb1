// Delivers the events of one webhook, one after the other, in the ledger's order. It reads the ledger at its own pace
// and holds one event at a time, so that a target that is slow or away costs nobody else anything: no queue grows.
//
// An event is tried with growing pauses. When all attempts are used up it is set aside and the next one comes. Before
// each attempt it is looked at whether the key that registered the webhook may still read what is sent.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import type { EventPosition, Ledger, LedgerEvent } from '../fabric/ledger.ts';
import { eventId } from '../http/event-stream.ts';
import { type DeadLetter, type KeptWebhooks, secretsOf, type Webhook } from './kept-webhooks.ts';
import type { AttemptResult, SendWebhook } from './send-webhook.ts';

export interface DeliveryOptions {
  readonly webhookId: string;
  readonly kept: KeptWebhooks;
  readonly ledger: Pick<Ledger, 'events'>;
  readonly send: SendWebhook;
  /** Why its owner may not read events any more; undefined where it may. */
  readonly whyNot: (webhook: Webhook) => string | undefined;
  readonly attemptsMax: number;
  /** Of one webhook: above that many nothing more is set aside, and the event at hand is tried on. */
  readonly deadLettersMax: number;
  readonly log: FastifyBaseLogger;
  readonly onOutcome?: (outcome: DeliveryOutcome) => void;
  /** The pause before an attempt, in milliseconds, by how many failed. */
  readonly pauseMs?: (failed: number) => number;
  readonly now?: () => number;
}

export type DeliveryOutcome = 'delivered' | 'failed' | 'set-aside';

export type DeliveryState = 'delivering' | 'retrying' | 'stopped' | 'refused';

/** What a webhook does just now. */
export interface DeliveryStatus {
  readonly state: DeliveryState;
  readonly problem: string | undefined;
  /** Failed attempts of the event at hand. */
  readonly attempts: number;
  readonly nextAttemptAtMs: number | undefined;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** How soon one that may not send looks whether it may again. */
const LOOK_AGAIN_MS = 2_000;
/** How long a dead letter's event is looked for. */
const FIND_MS = 30_000;
const NOT_READ: AttemptResult = { delivered: false, problem: 'the ledger does not give this event now' };
/** How often the position behind events that are left out is written. */
const LEFT_OUT_MS = 1_000;

/** Twice as long after each failure, an hour at most; half of it or more, by chance, so that not all come at once. */
export const growingPauseMs = (failed: number, random: () => number = Math.random): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failed - 1, 30)) * (0.5 + random() / 2);

/** What is posted: the same bytes in every attempt. */
export function bodyOf(event: LedgerEvent): string {
  const { blockNumber, transactionId, name, payload } = event;
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  const fields = isObject ? payload : { payload };
  return JSON.stringify({ id: eventId(event), type: name, data: { ...fields, blockNumber, transactionId } });
}

const studyOf = ({ payload }: LedgerEvent): unknown => (payload as { studyId?: unknown } | null)?.studyId;
const behind = ({ blockNumber, transactionId }: LedgerEvent): EventPosition => ({
  blockNumber,
  afterTransactionId: transactionId,
});

export class WebhookDelivery {
  readonly #options: Required<DeliveryOptions>;
  #interrupt = new AbortController();
  #isClosed = false;
  #running: Promise<void> = Promise.resolve();
  /** Of the event at hand: it goes on after an interruption. */
  #failed: { readonly id: string; readonly times: number; readonly nextAtMs: number } | undefined;
  #problem: string | undefined;
  #leftOut: { readonly position: EventPosition; readonly sinceMs: number } | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = { onOutcome: () => {}, pauseMs: growingPauseMs, now: Date.now, ...options };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Looks again at what is kept: a position, a secret or dead letters to try. What is being sent is sent again. */
  wake(): void {
    const before = this.#interrupt;
    this.#interrupt = new AbortController();
    before.abort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#interrupt.abort();
    await this.#running;
  }

  status(): DeliveryStatus {
    const webhook = this.#webhook();
    const refused = webhook && this.#options.whyNot(webhook);
    const nothing = { attempts: this.#failed?.times ?? 0, nextAttemptAtMs: undefined };
    if (refused !== undefined) return { ...nothing, state: 'refused', problem: refused };
    if (webhook?.stopped !== undefined) return { ...nothing, state: 'stopped', problem: webhook.stopped };
    if (this.#failed === undefined) return { ...nothing, state: 'delivering', problem: this.#problem };
    return {
      state: 'retrying',
      problem: this.#problem,
      attempts: this.#failed.times,
      nextAttemptAtMs: this.#failed.nextAtMs,
    };
  }

  #webhook(): Webhook | undefined {
    return this.#options.kept.get(this.#options.webhookId);
  }

  /** The webhook where it may send now. */
  #mayBeSent(): Webhook | undefined {
    const webhook = this.#webhook();
    if (webhook === undefined || webhook.stopped !== undefined) return undefined;
    return this.#options.whyNot(webhook) === undefined ? webhook : undefined;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#isClosed) {
      const { signal } = this.#interrupt;
      if (this.#webhook() === undefined) return;
      try {
        if (this.#mayBeSent() === undefined) await this.#pause(LOOK_AGAIN_MS, signal);
        else await this.#follow(signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#problem = 'this gateway cannot read the ledger, or its own records: its log says more';
        const { webhookId, log } = this.#options;
        log.warn({ err: error, webhookId }, 'a webhook does not go on, trying again');
        await this.#pause(Math.min(growingPauseMs(failures), 60_000), signal);
      }
    }
  }

  async #follow(interrupt: AbortSignal): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([interrupt, over.signal]);
    if (this.#failed === undefined) this.#problem = undefined;
    try {
      await this.#redeliver(signal);
      const webhook = this.#mayBeSent();
      if (webhook === undefined || signal.aborted) return;
      for await (const event of this.#options.ledger.events({ from: webhook.position, signal })) {
        if (signal.aborted) return;
        this.#problem = this.#failed === undefined ? undefined : this.#problem;
        if (isWanted(event, webhook)) {
          if (!(await this.#deliver(event, signal))) return;
        } else this.#leaveOut(event);
      }
    } finally {
      over.abort();
      if (interrupt.aborted) this.#leftOut = undefined;
      else this.#writeLeftOut();
    }
  }

  /** @returns whether the next event may come */
  async #deliver(event: LedgerEvent, signal: AbortSignal): Promise<boolean> {
    const { kept, webhookId, attemptsMax, deadLettersMax, onOutcome, pauseMs, now } = this.#options;
    const id = eventId(event);
    if (this.#failed?.id !== id) this.#failed = undefined;
    for (;;) {
      const waitMs = (this.#failed?.nextAtMs ?? 0) - now();
      if (waitMs > 0) await this.#pause(waitMs, signal);
      const result = await this.#attempt(event, signal);
      if (result === undefined) return false;
      if (result.delivered) {
        kept.advance(webhookId, behind(event));
        this.#forgetFailures();
        onOutcome('delivered');
        return true;
      }
      onOutcome('failed');
      this.#problem = result.problem;
      if (result.isGone === true) {
        kept.stop(webhookId, 'it answers 410: it wants no more');
        return false;
      }
      const times = (this.#failed?.times ?? 0) + 1;
      if (times >= attemptsMax && kept.numberOfDeadLetters(webhookId) < deadLettersMax) {
        const { blockNumber, transactionId, name } = event;
        const letter = { eventId: id, blockNumber, transactionId, event: name, attempts: times };
        kept.setAside(webhookId, { ...letter, problem: result.problem, atMs: now() }, behind(event));
        this.#forgetFailures();
        onOutcome('set-aside');
        return true;
      }
      const wanted = Math.min(result.retryAfterMs ?? 0, LONGEST_PAUSE_MS);
      this.#failed = { id, times, nextAtMs: now() + Math.max(pauseMs(times), wanted) };
    }
  }

  /** Undefined where nothing may be sent now. */
  async #attempt(event: LedgerEvent, signal: AbortSignal): Promise<AttemptResult | undefined> {
    const webhook = this.#mayBeSent();
    if (webhook === undefined || signal.aborted) return undefined;
    const { url } = webhook;
    const secrets = secretsOf(webhook, this.#options.now());
    const result = await this.#options.send({
      url,
      id: eventId(event),
      body: bodyOf(event),
      secrets,
      signal,
    });
    // What its owner asked for meanwhile counts: a position set back is not moved on, and the event is sent again.
    return signal.aborted ? undefined : result;
  }

  /** Each dead letter that is asked for, once. */
  async #redeliver(signal: AbortSignal): Promise<void> {
    const { kept, webhookId, onOutcome, now } = this.#options;
    for (;;) {
      const letter = kept.firstAsked(webhookId);
      if (letter === undefined || signal.aborted) return;
      const event = await this.#eventOf(letter, signal);
      if (signal.aborted) return;
      const result = event === undefined ? NOT_READ : await this.#attempt(event, signal);
      if (result === undefined) return;
      onOutcome(result.delivered ? 'delivered' : 'failed');
      if (result.delivered) kept.forget(webhookId, letter.number);
      else kept.leave(webhookId, letter.number, { problem: result.problem, atMs: now() });
    }
  }

  /** What the ledger says there; undefined where it does not answer in time, or says something else. */
  async #eventOf({ blockNumber, transactionId }: DeadLetter, signal: AbortSignal) {
    const over = new AbortController();
    const events = this.#options.ledger.events({
      from: { blockNumber },
      signal: AbortSignal.any([signal, over.signal, AbortSignal.timeout(FIND_MS)]),
    });
    try {
      for await (const event of events) {
        if (event.transactionId === transactionId) return event;
        if (event.blockNumber > blockNumber) return undefined;
      }
    } catch (error) {
      this.#options.log.warn({ err: error, blockNumber }, 'a dead letter cannot be read from the ledger');
    } finally {
      over.abort();
    }
    return undefined;
  }

  #leaveOut(event: LedgerEvent): void {
    const nowMs = this.#options.now();
    this.#leftOut = { position: behind(event), sinceMs: this.#leftOut?.sinceMs ?? nowMs };
    if (nowMs - this.#leftOut.sinceMs >= LEFT_OUT_MS) this.#writeLeftOut();
  }

  #writeLeftOut(): void {
    const left = this.#leftOut;
    this.#leftOut = undefined;
    const { kept, webhookId } = this.#options;
    if (left !== undefined && this.#webhook() !== undefined) kept.advance(webhookId, left.position);
  }

  #forgetFailures(): void {
    this.#failed = undefined;
    this.#problem = undefined;
    this.#leftOut = undefined;
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}

const isWanted = (event: LedgerEvent, { events, studyId }: Webhook): boolean =>
  (events === undefined || events.includes(event.name)) &&
  (studyId === undefined || studyOf(event) === studyId);
