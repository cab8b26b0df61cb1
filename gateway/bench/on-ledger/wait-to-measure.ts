// Preparing a ledger takes long and needs no machine of its own, measuring does: with WAIT=1 a bench measures at a
// line of input, when the machine has come to rest.
import { once } from 'node:events';

export const measuring = { isAsked: false };

/** Resolves when measuring may begin: at once without WAIT. */
export const askedToMeasure: Promise<void> =
  process.env.WAIT === undefined
    ? Promise.resolve()
    : once(process.stdin, 'data').then(() => {
        measuring.isAsked = true;
        process.stdin.destroy();
      });
