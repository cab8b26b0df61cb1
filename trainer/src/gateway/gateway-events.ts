// The gateway's events (SSE), which wake this trainer. They carry no facts that are relied on: after each the
// state is read again, so that a lost or repeated event costs a little time and nothing else.

import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type LedgerEvent } from '@consilium/client';

export interface EventsOptions {
  readonly url: string;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LedgerEvent) => void;
  /** Called after each connection is made, the first included: something may have been missed. */
  readonly onConnected: () => void;
  readonly onDisconnected: (cause: unknown) => void;
  readonly minPauseMs?: number;
  readonly maxPauseMs?: number;
  readonly idleTimeoutMs?: number;
}

/** Follows the events until the signal aborts, reconnecting with Last-Event-ID and growing pauses. */
export async function followEvents(options: EventsOptions): Promise<void> {
  const { url, key, signal, minPauseMs = 500, maxPauseMs = 15_000, idleTimeoutMs = 120_000 } = options;
  let lastEventId: string | undefined;
  let pauseMs = minPauseMs;
  while (!signal.aborted) {
    const idle = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const restart = () => {
      clearTimeout(timer);
      timer = setTimeout(() => idle.abort(new Error('no sign of life from the event stream')), idleTimeoutMs);
      timer.unref();
    };
    try {
      restart();
      const client = new Client({ url, key, signal: AbortSignal.any([signal, idle.signal]) });
      const events = client.events({
        after: lastEventId,
        onConnected: options.onConnected,
        onBytes: () => {
          restart();
          pauseMs = minPauseMs;
        },
      });
      for await (const event of events) {
        options.onEvent(event);
        lastEventId = event.id ?? lastEventId;
      }
      throw new Error('event stream ended');
    } catch (error) {
      if (signal.aborted) return;
      options.onDisconnected(error);
    } finally {
      clearTimeout(timer);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(maxPauseMs, pauseMs * 2);
  }
}
