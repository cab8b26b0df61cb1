// Preloaded by a gateway that is to have a fault: MUTANT names it. The bench that kills gateways must find each of
// them, or it would not find one that somebody makes by mistake.
import { setTimeout as sleep } from 'node:timers/promises';
import { FabricLedger } from '../../src/fabric/fabric-ledger.js';
import { Outbox } from '../../src/outbox/outbox.js';

/** As if what is answered were written down and sent with a later group. */
const WRITES_AFTER_MS = 100;

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
  /**
   * Answers with success what is endorsed, and writes it down and sends it afterwards. SIGKILL takes away nothing that
   * was written to a file, so that only what is not yet written when the answer leaves can be lost.
   */
  'answers-early': () => {
    const { submit } = FabricLedger.prototype;
    FabricLedger.prototype.submit = function (call, beforeSending) {
      return new Promise((resolve, reject) => {
        const later: typeof beforeSending = async (prepared) => {
          const { transactionId, result } = prepared;
          resolve({ transactionId, blockNumber: 0, result: result === '' ? null : JSON.parse(result) });
          await sleep(WRITES_AFTER_MS);
          await beforeSending(prepared);
        };
        submit.call(this, call, later).catch(reject);
      });
    };
  },
} as const;
export type Mutant = keyof typeof MUTANTS;

const wanted = process.env.MUTANT;
if (wanted !== undefined) MUTANTS[wanted as Mutant]();
