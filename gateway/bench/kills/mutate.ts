// Preloaded by a gateway that is to have a fault: MUTANT names it. The bench that kills gateways must find each of
// them, or it would not find one that somebody makes by mistake.
import { Outbox } from '../../src/outbox/outbox.js';

/** Each fault by name: what a gateway with it does, and how. */
export const MUTANTS = {
  /** Knows no request again by its Idempotency-Key, and sends another transaction. */
  'sends-twice': () => {
    const { recordSending } = Outbox.prototype;
    Outbox.prototype.recordSending = function (record) {
      return recordSending.call(this, { ...record, request: undefined });
    };
  },
  /** Writes nothing down before it sends. */
  'forgets-its-outbox': () => {
    Outbox.prototype.recordSending = async () => {};
  },
} as const;
export type Mutant = keyof typeof MUTANTS;

const wanted = process.env.MUTANT;
if (wanted !== undefined) MUTANTS[wanted as Mutant]();
