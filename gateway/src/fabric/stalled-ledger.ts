// Notices a ledger that has stopped: orderers took a transaction, its commit did not come in time, and the peer got
// no block since. Then either the orderers have no quorum, or the peers hold a block that they cannot validate.
interface Missed {
  readonly transactionId: string;
  /** When the orderers had taken it, in epoch milliseconds. */
  readonly orderedMs: number;
}

export class StandingLedger {
  #missed: (Missed & { height?: number }) | undefined;

  /** Orderers took the transaction, and its commit status did not come before the deadline. */
  missed(commit: Missed): void {
    this.#missed ??= { ...commit };
  }

  /** The peer said what became of a transaction after it was ordered: it commits blocks. */
  settled(): void {
    this.#missed = undefined;
  }

  /** The answer to the question whether transactions commit; undefined where nothing shows that they do not. */
  async problem(heightNow: () => Promise<number>): Promise<string | undefined> {
    const missed = this.#missed;
    if (missed === undefined) return undefined;
    const height = await heightNow();
    missed.height ??= height;
    if (height > missed.height) {
      if (this.#missed === missed) this.#missed = undefined;
      return undefined;
    }
    const seconds = Math.round((Date.now() - missed.orderedMs) / 1000);
    return (
      `the channel does not commit: orderers accepted the transaction ${missed.transactionId} ${seconds} s ago, ` +
      `and the peer has had no new block since (height ${height}) → see docs/operating/channel-stops-committing.md`
    );
  }
}
