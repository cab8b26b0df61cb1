// What routes are given. Written out in app.ts, so that a test can give a ledger in memory and a main its own.

import type { Limits } from './config.ts';
import type { Ledger } from './fabric/ledger.ts';
import type { ApiKeys } from './http/api-keys.ts';
import type { TlsListener } from './http/tls-listener.ts';
import type { Metrics } from './metrics.ts';
import type { Operations } from './operations/operations.ts';
import type { Submissions } from './outbox/submissions.ts';
import type { WatchedHistory } from './read-model/index-in-thread.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import type { WitnessExchange } from './witnesses/witness-exchange.ts';

export interface TrainerAddress {
  readonly url: URL;
  readonly key: string;
}

/** A file that is looked at again while the gateway serves. */
export interface WatchedFile {
  /** Why its present text does not count; undefined where it does. */
  readonly problem: string | undefined;
}

export interface Dependencies {
  readonly ledger: Ledger;
  /** The ledger's events, read once for all who listen. */
  readonly events: Pick<Ledger, 'events' | 'height'>;
  readonly submissions: Submissions;
  /** Submissions that are not waited for. */
  readonly operations: Operations;
  /** What was checked of the channel. */
  readonly history: WatchedHistory;
  /** What gateways of other hospitals saw of it. */
  readonly witnesses: WitnessExchange;
  readonly apiKeys: ApiKeys;
  readonly webhooks: Webhooks;
  readonly connection: WatchedFile | undefined;
  /** undefined where plain HTTP is spoken. */
  readonly tls: TlsListener | undefined;
  readonly metrics: Metrics;
  readonly trainer: TrainerAddress | undefined;
  readonly limits: Limits;
}
