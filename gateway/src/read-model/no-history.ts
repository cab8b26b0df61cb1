// The history where none is kept up: a gateway over a ledger that has no blocks, as in tests.
import { GatewayRefusal } from '../gateway-errors.ts';
import type { WatchedHistory } from './index-in-thread.ts';
import type { HistorySource } from './ledger-history.ts';

export const NO_HISTORY: WatchedHistory = {
  status: undefined,
  blocks: undefined,
  raise: () => {},
  read: () => {
    throw new GatewayRefusal('HISTORY_UNAVAILABLE');
  },
  close: async () => {},
};

/** A history that nobody watches over, as one that is written by hand. */
export const unwatched = (history: HistorySource): WatchedHistory => ({
  ...NO_HISTORY,
  read: (work) => history.read(work),
});
