// Where blocks come from: one peer of an organisation.

export interface BlockFeed {
  readonly mspId: string;
  /** Blocks from this one on, whole, also those to come. @throws where the peer is lost, or once aborted */
  blocks(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** How many blocks the peer has. @throws where it does not answer */
  height(): Promise<number>;
}
