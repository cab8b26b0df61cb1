// The history of a consortium in memory, whose transactions the chaincode's own contracts ran: rows are as the ledger
// has them, one block for each transaction.
import type { MemoryConsortium } from '@consilium/chaincode/testing/memory-consortium';
import { LedgerIndex } from '../read-model/ledger-index.ts';
import { CHAINCODE } from './written-history.ts';

type Committed = MemoryConsortium['committed'][number];

/** A transaction with what it wrote; a row of no bytes is deleted. */
export type PlayedTransaction = Pick<Committed, 'name' | 'argument' | 'proposal' | 'signers'> & {
  readonly writes: readonly (readonly [key: string, value: string])[];
};

/** Adds a block of one transaction. */
export function addPlayed(index: LedgerIndex, number: number, played: PlayedTransaction): void {
  const { name, argument, proposal, signers, writes } = played;
  const atMs = proposal.at.getTime();
  index.add({
    number,
    hash: Buffer.alloc(32, number % 256),
    configuration: 0,
    codes: [0],
    transactions: [
      {
        place: 0,
        transactionId: proposal.txId,
        atMs,
        chaincode: CHAINCODE,
        name,
        argument,
        sender: { mspId: proposal.mspId, role: proposal.role ?? undefined, person: proposal.person },
        code: 'VALID',
        endorsers: [...signers].sort(),
        writes: writes.map(([key, value]) => ({
          namespace: CHAINCODE,
          key,
          value: value === '' ? undefined : Buffer.from(value, 'utf8'),
        })),
      },
    ],
  });
}

/** An index of all that was committed, of which peers of these organisations sent all blocks. */
export function playedHistory(
  { committed }: Pick<MemoryConsortium, 'committed'>,
  organisations: readonly string[] = ['AlphaMSP', 'BetaMSP'],
): LedgerIndex {
  const index = new LedgerIndex({ file: undefined, chaincode: CHAINCODE });
  index.write(() => {
    for (const [number, { results, ...one }] of committed.entries()) {
      addPlayed(index, number, { ...one, writes: results.writes });
    }
    index.agree(organisations, committed.length);
  });
  return index;
}
