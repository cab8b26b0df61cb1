// Transactions whose own clients sign them, between being prepared and being sent. Only bytes that this gateway made
// are ever sent for a client: what a client could write itself might be a block that stops the channel
// (docs/concepts/threat-model.md). Nothing here is on disk, since nothing was sent.
import type { KeyObject } from 'node:crypto';
import type { TransactionName } from '@consilium/domain';
import type { EndorsedMessage, UnsignedMessage } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';

/** Peers refuse a proposal whose time is further away than this. */
const PROPOSAL_MS = 5 * 60_000;
/** Others may change the rows meanwhile: then the transaction is recorded as invalid, and nothing is written. */
const TRANSACTION_MS = 15 * 60_000;

export interface UnsignedLimits {
  /** Of all together, and of one caller, in bytes to be signed. */
  readonly bytes: number;
  readonly bytesOfCaller: number;
  /** Of one caller, in transactions. */
  readonly countOfCaller: number;
}
const LIMITS: UnsignedLimits = { bytes: 64 * 2 ** 20, bytesOfCaller: 4 * 2 ** 20, countOfCaller: 50 };

export interface UnsignedTransaction {
  /** Id of the API key, or of who signed in: nobody else sees or sends it. */
  readonly caller: string;
  readonly name: TransactionName;
  readonly key: KeyObject;
  readonly proposal: UnsignedMessage;
  /** Once peers endorsed it. */
  readonly endorsed?: EndorsedMessage;
  /** It is on the ledger, and waits for nothing: it is kept only so that the same request is answered again. */
  readonly isDone?: boolean;
  readonly expiresAtMs: number;
}

export type EndorsedTransaction = UnsignedTransaction & Required<Pick<UnsignedTransaction, 'endorsed'>>;

export class UnsignedTransactions {
  readonly #limits: UnsignedLimits;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #waiting = new Map<string, UnsignedTransaction>();
  readonly #endorsing = new Map<string, Promise<EndorsedTransaction>>();

  constructor(limits: Partial<UnsignedLimits> = {}, now: () => number = Date.now) {
    this.#limits = { ...LIMITS, ...limits };
    this.#now = now;
  }

  /** @throws GatewayRefusal TOO_MANY_UNSIGNED where this caller, or all together, have too many */
  add(transaction: Omit<UnsignedTransaction, 'expiresAtMs'>): UnsignedTransaction {
    this.#forgetOld();
    const { bytes, bytesOfCaller, countOfCaller } = this.#limits;
    const more = sizeOf(transaction);
    const own = [...this.#waiting.values()].filter(({ caller }) => caller === transaction.caller);
    this.#makeRoom(own, { count: countOfCaller - 1, bytes: bytesOfCaller - more });
    this.#makeRoom([...this.#waiting.values()], { count: Number.POSITIVE_INFINITY, bytes: bytes - more });
    return this.#keep({ ...transaction, expiresAtMs: this.#now() + PROPOSAL_MS });
  }

  /** @throws GatewayRefusal NOTHING_TO_SIGN for another caller's, and for what is too old */
  get(caller: string, transactionId: string): UnsignedTransaction {
    this.#forgetOld();
    const found = this.#waiting.get(transactionId);
    if (found?.caller !== caller) throw new GatewayRefusal('NOTHING_TO_SIGN');
    return found;
  }

  /** Asks for endorsements once, also where its client asks twice at once: there is one message to sign. */
  async endorse(
    transaction: UnsignedTransaction,
    ask: () => Promise<EndorsedMessage>,
  ): Promise<EndorsedTransaction> {
    const { endorsed, proposal } = transaction;
    if (endorsed !== undefined) return { ...transaction, endorsed };
    const { transactionId } = proposal;
    const running =
      this.#endorsing.get(transactionId) ??
      ask()
        .then((now) =>
          this.#keep({ ...transaction, endorsed: now, expiresAtMs: this.#now() + TRANSACTION_MS }),
        )
        .finally(() => this.#endorsing.delete(transactionId));
    this.#endorsing.set(transactionId, running);
    return running;
  }

  /** Its room is for others now, the oldest first. */
  done(transaction: UnsignedTransaction): void {
    const { transactionId } = transaction.proposal;
    if (this.#waiting.has(transactionId)) this.#keep({ ...transaction, isDone: true });
  }

  /** Forgets of these what is done, until no more than so many are left. @throws GatewayRefusal TOO_MANY_UNSIGNED */
  #makeRoom(
    some: readonly UnsignedTransaction[],
    most: { readonly count: number; readonly bytes: number },
  ): void {
    let [count, bytes] = [some.length, total(some)];
    for (const one of some) {
      if (count <= most.count && bytes <= most.bytes) return;
      if (one.isDone !== true) continue;
      this.forget(one);
      count -= 1;
      bytes -= sizeOf(one);
    }
    if (count > most.count || bytes > most.bytes) throw new GatewayRefusal('TOO_MANY_UNSIGNED');
  }

  forget({ proposal }: Pick<UnsignedTransaction, 'proposal'>): void {
    this.#waiting.delete(proposal.transactionId);
  }

  #keep<T extends UnsignedTransaction>(transaction: T): T {
    this.#waiting.set(transaction.proposal.transactionId, transaction);
    return transaction;
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const transaction of this.#waiting.values()) {
      if (transaction.expiresAtMs <= now) this.forget(transaction);
    }
  }
}

/** What peers add is counted too; of a proposal it is about as much as itself. */
const sizeOf = ({ proposal, endorsed }: Pick<UnsignedTransaction, 'proposal' | 'endorsed'>): number =>
  proposal.message.length + (endorsed?.message.length ?? proposal.message.length);

const total = (transactions: readonly UnsignedTransaction[]): number =>
  transactions.reduce((sum, one) => sum + sizeOf(one), 0);
