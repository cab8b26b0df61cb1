// Preloaded by a gateway that is to have a fault: MUTANT names it. The bench that kills gateways must find each of
// them, or it would not find one that somebody makes by mistake.
import { setTimeout as sleep } from 'node:timers/promises';
import { FabricLedger } from '../../src/fabric/fabric-ledger.js';
import { Outbox } from '../../src/outbox/outbox.js';

/** Longer than an answer takes to leave. */
const SENDS_AFTER_MS = 50;

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
  /** Answers with success what it is about to send, and does not wait for a block. */
  'answers-early': () => {
    const { submit } = FabricLedger.prototype;
    FabricLedger.prototype.submit = function (call, beforeSending) {
      return new Promise((resolve, reject) => {
        const noted: typeof beforeSending = async (prepared) => {
          await beforeSending(prepared);
          const { transactionId, result } = prepared;
          resolve({ transactionId, blockNumber: 0, result: JSON.parse(result) });
          await sleep(SENDS_AFTER_MS);
        };
        submit.call(this, call, noted).catch(reject);
      });
    };
  },
} as const;
export type Mutant = keyof typeof MUTANTS;

const wanted = process.env.MUTANT;
if (wanted !== undefined) MUTANTS[wanted as Mutant]();
