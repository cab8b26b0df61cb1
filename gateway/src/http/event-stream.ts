// Ledger events as server-sent events (WHATWG HTML, "Server-sent events"): pulled one by one, so that a slow
// reader slows the ledger's stream and not this process' memory; comments keep idle connections open.
import { DomainError } from '@consilium/domain';
import type { EventPosition, LedgerEvent } from '../fabric/ledger.ts';
import { Awaited, NOT_YET } from './awaited.ts';

export interface EventStreamOptions {
  readonly events: AsyncIterable<LedgerEvent>;
  readonly wanted: (event: LedgerEvent) => boolean;
  /** Whether the reader still may; looked at before anything is sent. */
  readonly allowed: () => boolean;
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
}

/** `<block>:<transaction id>`: where a reader continues, exactly. */
export const eventId = ({ blockNumber, transactionId }: LedgerEvent): string =>
  `${blockNumber}:${transactionId}`;

/** @throws DomainError INVALID_ARGUMENT for what is not an id of ours. */
export function positionAfter(lastEventId: string): EventPosition {
  const [, block, transactionId] = /^([0-9]{1,15}):([0-9a-f]{64})$/.exec(lastEventId) ?? [];
  if (block === undefined || transactionId === undefined) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'header: last-event-id must be the id of an event, BLOCK:TRANSACTION',
    );
  }
  return { blockNumber: Number(block), afterTransactionId: transactionId };
}

/** An event goes to many readers as the same text. */
const written = new WeakMap<LedgerEvent, string>();

export function formatEvent(event: LedgerEvent): string {
  const before = written.get(event);
  if (before !== undefined) return before;
  const { blockNumber, transactionId, name, payload } = event;
  const fields =
    typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? payload : { payload };
  const data = JSON.stringify({ ...fields, blockNumber, transactionId });
  const text = `id: ${eventId(event)}\nevent: ${name}\ndata: ${data}\n\n`;
  written.set(event, text);
  return text;
}

/**
 * The text of the stream, ending when the signal aborts or the reader may no more.
 *
 * @throws what the ledger's stream throws
 */
export async function* eventStream(options: EventStreamOptions): AsyncGenerator<string> {
  const { events, wanted, allowed, heartbeatMs, signal } = options;
  const iterator = events[Symbol.asyncIterator]();
  yield ': events of the ledger\nretry: 2000\n\n';
  let next = new Awaited(iterator.next());
  try {
    while (!signal.aborted) {
      const result = await next.within(heartbeatMs);
      if (!allowed()) return;
      if (result === NOT_YET) {
        yield ': heartbeat\n\n';
        continue;
      }
      if (result.done === true) return;
      if (wanted(result.value)) yield formatEvent(result.value);
      next = new Awaited(iterator.next());
    }
  } finally {
    // A pending read ends with the signal; its outcome is nobody's any more.
    await iterator.return?.();
  }
}
