// The history of a consortium in memory, whose transactions the chaincode's own contracts ran: rows are as the ledger
// has them, one block for each transaction.
import type { MemoryConsortium } from '@consilium/chaincode/testing/memory-consortium';
import { LedgerIndex } from '../read-model/ledger-index.ts';
import { CHAINCODE } from './written-history.ts';

export { StudyOnLedger } from '@consilium/chaincode/testing/study-on-ledger';

/** An index of all that was committed, of which peers of these organisations sent all blocks. */
export function playedHistory(
  { committed }: Pick<MemoryConsortium, 'committed'>,
  organisations: readonly string[] = ['AlphaMSP', 'BetaMSP'],
  file: string | undefined = undefined,
): LedgerIndex {
  const index = new LedgerIndex({ file, chaincode: CHAINCODE });
  index.write(() => {
    for (const [number, { name, argument, results, proposal, signers }] of committed.entries()) {
      const atMs = proposal.at.getTime();
      index.add({
        number,
        hash: Buffer.alloc(32, number % 256),
        atMs,
        configuration: 0,
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
            writes: results.writes.map(([key, value]) => ({
              namespace: CHAINCODE,
              key,
              value: value === '' ? undefined : Buffer.from(value, 'utf8'),
            })),
          },
        ],
      });
    }
    index.agree(organisations, committed.length);
  });
  return index;
}
