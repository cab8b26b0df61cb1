// A ledger whose rules are the chaincode's own, in memory: what a gateway answers over it is what it answers over
// a real one, in milliseconds. It has a history of rows and no signed blocks.
import type { Answer, Caller, MemoryConsortium } from '@consilium/chaincode/testing/memory-consortium';
import { canonicalJson, ROLES } from '@consilium/domain';
import {
  type BeforeSending,
  type Committed,
  type EndorsedMessage,
  type EventPosition,
  type EventsOptions,
  type Ledger,
  type LedgerCall,
  LedgerError,
  type LedgerEvent,
  missingIdentity,
  nothingMissing,
  type Outcome,
  type PreparedTransaction,
  type ReadinessCheck,
  signerOf,
  type UnsignedMessage,
} from '../fabric/ledger.ts';
import type { OrderersSeen } from '../fabric/orderers-seen.ts';
import type { LedgerIndex } from '../read-model/ledger-index.ts';
import { addPlayed, playedHistory } from './played-history.ts';

const noSignedBlocks = (step: 'evaluate' | 'endorse') =>
  new LedgerError({ code: 'LEDGER_REFUSED', step, message: 'there are no signed blocks in memory' });

export class ContractLedger implements Ledger {
  readonly channel = 'consortium';
  readonly chaincode = 'consilium';
  readonly roles = ROLES;
  readonly mspId: string;
  /** Of all that was committed, kept up. */
  readonly history: LedgerIndex;
  /** What ready() reports. */
  missing: readonly ReadinessCheck[] = nothingMissing();
  readonly #consortium: MemoryConsortium;
  readonly #organisations: readonly string[];
  readonly #listeners = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param consortium as it was brought to where it is; nobody else submits to it from now on, but by `play` */
  constructor(consortium: MemoryConsortium, mspId: string) {
    this.#consortium = consortium;
    this.#organisations = consortium.mspIds;
    this.mspId = mspId;
    this.history = playedHistory(consortium, this.#organisations);
  }

  /** Submits for another hospital. */
  async play(caller: Caller, name: LedgerCall['name'], argument: object): Promise<Answer> {
    return (await this.#submit(caller, { name, argument })).result;
  }

  submit(call: LedgerCall, beforeSending: BeforeSending): Promise<Committed> {
    return this.#submit(this.#callerOf(call), call, async (transactionId, result) => {
      const envelope = new TextEncoder().encode(transactionId);
      await beforeSending({ transactionId, signer: signerOf(call), result, envelope });
    });
  }

  evaluate(call: LedgerCall): Promise<unknown> {
    return this.#inTurn(() => {
      this.#consortium.now = Date.now();
      return this.#consortium.evaluate(this.#callerOf(call), call.name, call.argument as never);
    });
  }

  async *events({ from, signal }: EventsOptions): AsyncGenerator<LedgerEvent> {
    let next = from === undefined ? this.#consortium.committed.length : this.#placeOf(from);
    while (!signal.aborted) {
      const committed = this.#consortium.committed[next];
      if (committed === undefined) {
        await this.#changed(signal);
        continue;
      }
      const { event } = committed.results;
      const transactionId = committed.proposal.txId;
      if (event !== null) {
        yield { blockNumber: next, transactionId, name: event.name, payload: JSON.parse(event.payload) };
      }
      next += 1;
    }
  }

  async height(): Promise<number> {
    return this.#consortium.committed.length;
  }

  async ready(): Promise<readonly ReadinessCheck[]> {
    return this.missing;
  }

  async orderers(): Promise<OrderersSeen | undefined> {
    return undefined;
  }

  async recover({ transactionId }: PreparedTransaction): Promise<Outcome> {
    const blockNumber = this.#consortium.committed.findIndex(
      ({ proposal }) => proposal.txId === transactionId,
    );
    return blockNumber < 0 ? { state: 'unknown' } : { state: 'committed', blockNumber };
  }

  async *blocks(): AsyncGenerator<Uint8Array> {}

  async block(): Promise<Uint8Array> {
    throw noSignedBlocks('evaluate');
  }

  async blockOf(): Promise<Uint8Array> {
    throw noSignedBlocks('evaluate');
  }

  async signedAnswer(): Promise<Uint8Array> {
    throw noSignedBlocks('evaluate');
  }

  propose(): UnsignedMessage {
    throw noSignedBlocks('endorse');
  }

  async endorse(): Promise<EndorsedMessage> {
    throw noSignedBlocks('endorse');
  }

  async submitSigned(): Promise<Committed> {
    throw noSignedBlocks('endorse');
  }

  async close(): Promise<void> {}

  #callerOf({ role, person }: LedgerCall): Caller {
    if (!this.roles.includes(role)) throw missingIdentity(role);
    return { mspId: this.mspId, role, ...(person !== undefined && { person }) };
  }

  #submit(
    caller: Caller,
    { name, argument }: Pick<LedgerCall, 'name' | 'argument'>,
    before?: (transactionId: string, result: string) => Promise<void>,
  ): Promise<Committed> {
    return this.#inTurn(async () => {
      const { committed } = this.#consortium;
      this.#consortium.now = Math.max(this.#consortium.now, Date.now());
      const endorsed = await this.#consortium.endorse(caller, name, argument as never);
      const [first] = endorsed.endorsements;
      if (first === undefined) throw endorsed.refusals[0]!.error;
      const transactionId = endorsed.proposal.txId;
      await before?.(transactionId, first.response);
      const code = this.#consortium.commit(name, canonicalJson(argument), endorsed);
      if (code !== 'VALID') throw endorsed.refusals[0]?.error ?? new Error(code);
      const blockNumber = committed.length - 1;
      const { results, ...one } = committed[blockNumber]!;
      this.history.write(() => {
        addPlayed(this.history, blockNumber, { ...one, writes: results.writes });
        this.history.agree(this.#organisations, committed.length);
      });
      for (const listener of this.#listeners) listener();
      return { transactionId, blockNumber, result: JSON.parse(first.response) };
    });
  }

  /** One after the other: peers in memory have the process's one time zone in turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #placeOf({ blockNumber, afterTransactionId }: EventPosition): number {
    return afterTransactionId === undefined ? blockNumber : blockNumber + 1;
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
