// All webhooks of this gateway: who may have one, what it may be sent to, and the delivery of each.
import { randomBytes } from 'node:crypto';
import type { Role } from '@consilium/domain';
import type { FastifyBaseLogger } from 'fastify';
import type { Limits } from '../config.ts';
import type { EventPosition, Ledger } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { ApiKey, ApiKeys } from '../http/api-keys.ts';
import type { DeadLetter, KeptWebhooks, Webhook } from './kept-webhooks.ts';
import type { SendWebhook } from './send-webhook.ts';
import { type DeliveryOutcome, type DeliveryStatus, WebhookDelivery } from './webhook-delivery.ts';
import { newSecret } from './webhook-signature.ts';
import { refusalOfTarget, type WebhookTargets } from './webhook-targets.ts';

/** So many times as many are kept as may be sent to: those of keys that ended count here alone. */
const KEPT_TIMES = 10;

export interface WebhooksOptions {
  readonly kept: KeptWebhooks;
  readonly ledger: Pick<Ledger, 'events' | 'height'>;
  readonly apiKeys: Pick<ApiKeys, 'holderOf' | 'hashOf'>;
  readonly targets: WebhookTargets;
  readonly send: SendWebhook;
  readonly limits: Pick<Limits, 'webhooks' | 'webhooksPerKey' | 'webhookAttempts' | 'webhookDeadLetters'>;
  readonly log: FastifyBaseLogger;
  readonly onOutcome?: (outcome: DeliveryOutcome) => void;
  readonly pauseMs?: (failed: number) => number;
}

export interface NewWebhook {
  readonly url: string;
  readonly events?: readonly string[];
  readonly studyId?: string;
  /** Number of the first block whose events are sent; the next one where absent. */
  readonly from?: number;
}

/** A webhook with what it does now. It has its secrets: take out what may be shown. */
export interface RunningWebhook {
  readonly webhook: Webhook;
  readonly status: DeliveryStatus;
  readonly deadLetters: number;
}

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #deliveries = new Map<string, WebhookDelivery>();
  #isClosed = false;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Goes on with all that are kept. */
  start(): void {
    for (const { webhookId } of this.#options.kept.all()) this.#begin(webhookId);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.close()));
    this.#options.kept.close();
  }

  /** How many there are in each state. */
  states(): Record<DeliveryStatus['state'], number> {
    const counts = { delivering: 0, retrying: 0, stopped: 0, refused: 0 };
    for (const delivery of this.#deliveries.values()) counts[delivery.status().state] += 1;
    return counts;
  }

  numberOfDeadLetters(): number {
    return this.#options.kept.numberOfDeadLetters();
  }

  /**
   * @returns the webhook with its secret, which is shown this once
   * @throws GatewayRefusal API_KEY_REQUIRED, WEBHOOK_TARGET_REFUSED, TOO_MANY_WEBHOOKS, WEBHOOKS_UNAVAILABLE
   */
  async register(wish: NewWebhook, caller: ApiKey): Promise<RunningWebhook> {
    const { kept, ledger, apiKeys, targets } = this.#options;
    const refused = refusalOfTarget(wish.url, targets);
    if (refused !== undefined) throw new GatewayRefusal('WEBHOOK_TARGET_REFUSED', refused);
    const hash = apiKeys.hashOf(caller.id);
    if (hash === undefined) throw new GatewayRefusal('API_KEY_REQUIRED');
    const blockNumber = wish.from ?? (await ledger.height());
    this.#refuseTooMany(caller);
    const webhookId = randomBytes(8).toString('hex');
    written(() =>
      kept.add({
        webhookId,
        url: new URL(wish.url).href,
        events: wish.events === undefined ? undefined : [...new Set(wish.events)],
        studyId: wish.studyId,
        registeredBy: caller.id,
        owner: { hash, role: caller.role, person: caller.person },
        createdAtMs: Date.now(),
        secret: newSecret(),
        oldSecret: undefined,
        position: { blockNumber },
        stopped: undefined,
      }),
    );
    this.#begin(webhookId);
    return this.#running(webhookId);
  }

  /** Those of keys that are not taken any more leave their places to others, who cannot remove them. */
  #refuseTooMany(caller: ApiKey): void {
    const { kept, limits, apiKeys } = this.#options;
    const own = this.list(caller, 'own').length;
    const all = kept.all();
    const held = all.filter(({ owner }) => apiKeys.holderOf(owner.hash) !== undefined).length;
    const refuse = (detail: string) => {
      throw new GatewayRefusal('TOO_MANY_WEBHOOKS', detail);
    };
    if (own >= limits.webhooksPerKey) refuse(`This API key has ${own} webhooks: remove one.`);
    if (held >= limits.webhooks) refuse(`There are ${held} webhooks: remove one.`);
    if (all.length < limits.webhooks * KEPT_TIMES) return;
    const others = `${all.length - held} of them of keys that are not taken any more`;
    refuse(`There are ${all.length} webhooks, ${others}: an operator removes those.`);
  }

  /** Oldest first: those of the key that asks; all of them for an operator who asks for them. */
  list(caller: ApiKey, whose: 'own' | 'visible'): RunningWebhook[] {
    const { kept } = this.#options;
    const sees = (webhook: Webhook) =>
      this.#isOwn(webhook, caller) || (whose === 'visible' && seesAll(caller));
    return kept
      .all()
      .filter(sees)
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.webhookId < b.webhookId ? -1 : 1))
      .map(({ webhookId }) => this.#running(webhookId));
  }

  /** @throws GatewayRefusal WEBHOOK_NOT_FOUND, also for one of another key unless an operator asks */
  get(webhookId: string, caller: ApiKey): RunningWebhook {
    const webhook = this.#options.kept.get(webhookId);
    if (webhook === undefined || !(this.#isOwn(webhook, caller) || seesAll(caller))) {
      throw new GatewayRefusal('WEBHOOK_NOT_FOUND');
    }
    return this.#running(webhookId);
  }

  /** Nothing more is sent when this resolves. */
  async remove(webhookId: string, caller: ApiKey): Promise<void> {
    this.get(webhookId, caller);
    written(() => this.#options.kept.remove(webhookId));
    const delivery = this.#deliveries.get(webhookId);
    this.#deliveries.delete(webhookId);
    await delivery?.close();
  }

  /** Sends all again from a block on; one that was stopped goes on. */
  replay(webhookId: string, caller: ApiKey, position: EventPosition): RunningWebhook {
    this.#own(webhookId, caller);
    written(() => this.#options.kept.restartAt(webhookId, position));
    this.#deliveries.get(webhookId)?.wake();
    return this.#running(webhookId);
  }

  /** The secret before signs as well for so long. */
  rotateSecret(webhookId: string, caller: ApiKey, overlapMs: number): RunningWebhook {
    this.#own(webhookId, caller);
    written(() => this.#options.kept.replaceSecret(webhookId, newSecret(), Date.now() + overlapMs));
    return this.#running(webhookId);
  }

  deadLetters(
    webhookId: string,
    caller: ApiKey,
    page: { readonly after: number; readonly limit: number },
  ): DeadLetter[] {
    this.get(webhookId, caller);
    return this.#options.kept.deadLetters(webhookId, page);
  }

  /** Tries dead letters once more. @returns how many */
  redeliver(webhookId: string, caller: ApiKey, eventIds: readonly string[] | undefined): number {
    this.#own(webhookId, caller);
    const asked = written(() => this.#options.kept.askAgain(webhookId, eventIds));
    if (asked > 0) this.#deliveries.get(webhookId)?.wake();
    return asked;
  }

  #own(webhookId: string, caller: ApiKey): Webhook {
    const webhook = this.#options.kept.get(webhookId);
    if (webhook === undefined || !this.#isOwn(webhook, caller)) throw new GatewayRefusal('WEBHOOK_NOT_FOUND');
    return webhook;
  }

  /** By the key itself, not by its id: another key may have that later. */
  #isOwn({ owner }: Webhook, caller: ApiKey): boolean {
    const key = this.#options.apiKeys.holderOf(owner.hash);
    return key !== undefined && key.id === caller.id;
  }

  #running(webhookId: string): RunningWebhook {
    const webhook = this.#options.kept.get(webhookId);
    const status = this.#deliveries.get(webhookId)?.status();
    if (webhook === undefined || status === undefined) throw new GatewayRefusal('WEBHOOK_NOT_FOUND');
    return { webhook, status, deadLetters: this.#options.kept.numberOfDeadLetters(webhookId) };
  }

  #begin(webhookId: string): void {
    if (this.#isClosed) return;
    const { kept, ledger, send, limits, log, onOutcome, pauseMs } = this.#options;
    const delivery = new WebhookDelivery({
      webhookId,
      kept,
      ledger,
      send,
      whyNot: (webhook) => this.#whyNot(webhook),
      attemptsMax: limits.webhookAttempts,
      deadLettersMax: limits.webhookDeadLetters,
      log,
      ...(onOutcome && { onOutcome }),
      ...(pauseMs && { pauseMs }),
    });
    this.#deliveries.set(webhookId, delivery);
    delivery.start();
  }

  /** Whoever registered it may read no more than now, as then; and the operator may have taken its host away. */
  #whyNot({ webhookId, url, owner }: Webhook): string | undefined {
    const { apiKeys, targets, kept, log } = this.#options;
    const key = apiKeys.holderOf(owner.hash);
    if (key === undefined) return 'the API key that registered it is revoked, has ended, or is withheld';
    if (key.role !== owner.role || key.person !== owner.person) {
      return 'the API key that registered it has another role or person now';
    }
    if (key.scopes !== undefined && !key.scopes.includes('webhooks')) {
      return 'the API key that registered it has not the scope webhooks';
    }
    const hash = apiKeys.hashOf(key.id);
    if (hash !== undefined && hash !== owner.hash) {
      try {
        kept.rebind(webhookId, hash);
      } catch (err) {
        log.warn({ err, webhookId }, 'cannot note that the key of a webhook was rotated');
      }
    }
    return refusalOfTarget(url, targets);
  }
}

const ADMINISTRATORS: readonly Role[] = ['operator'];
const seesAll = ({ role }: ApiKey): boolean => ADMINISTRATORS.includes(role);

/** @throws GatewayRefusal WEBHOOKS_UNAVAILABLE where the disk does not take it */
function written<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new GatewayRefusal('WEBHOOKS_UNAVAILABLE', undefined, cause);
  }
}
