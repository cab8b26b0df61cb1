/** Sending one transaction twice. */

import { channelHeaders, transactionFilter } from './block-streams.ts';
import type { LedgerClient } from './ledger-client.ts';
import { validationCode } from './outcome.ts';
import type { Subject } from './subject.ts';

export interface Resubmitted {
  readonly transactionId: string;
  /** The transaction's commit status after the second copy is in a block. */
  readonly code: string;
  readonly firstBlock: bigint;
  /** The number of the block that holds the second copy. */
  readonly nextBlock: bigint;
}

/** Commits a transaction, then submits the same signed bytes again and waits for their block. */
export async function submitAgain(
  subject: Subject,
  client: LedgerClient,
  chaincode: string,
): Promise<Resubmitted> {
  const transaction = await client.endorse(chaincode, 'put', { args: [subject.key(), 'v'] });
  const transactionId = transaction.getTransactionId();
  const first = await client.send(transaction);
  const again = await transaction.submit();
  const blocks = await client.network.getBlockEvents({ startBlock: first.blockNumber + 1n });
  try {
    for await (const block of blocks) {
      if (!channelHeaders(block).some((header) => header.getTxId() === transactionId)) continue;
      const { code, blockNumber } = await again.getStatus();
      const nextBlock = BigInt(block.getHeader()!.getNumber());
      return { transactionId, code: validationCode(code), firstBlock: blockNumber, nextBlock };
    }
  } finally {
    blocks.close();
  }
  throw new Error('the stream of blocks ended');
}

/** The validation codes of the first `count` transactions that carry the id, block by block. */
export async function codesOf(
  subject: Subject,
  sought: { readonly id: string; readonly from: bigint; readonly count: number },
): Promise<string[]> {
  const blocks = await subject.a.network.getBlockEvents({ startBlock: sought.from });
  const codes: string[] = [];
  try {
    for await (const block of blocks) {
      const filter = transactionFilter(block);
      channelHeaders(block).forEach((header, place) => {
        if (header.getTxId() === sought.id) codes.push(validationCode(filter[place]!));
      });
      if (codes.length >= sought.count) break;
    }
  } finally {
    blocks.close();
  }
  return codes;
}
