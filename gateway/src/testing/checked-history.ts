// A history in memory of all blocks that a peer has now, checked as a gateway checks them.
import { ChannelChecker, genesisDigest, readBlock } from '@consilium/verify';
import type { Ledger } from '../fabric/ledger.ts';
import { indexedBlock } from '../read-model/index-block.ts';
import { LedgerIndex } from '../read-model/ledger-index.ts';
import { SqliteState } from '../read-model/sqlite-state.ts';

export async function checkedHistory(ledger: Ledger): Promise<LedgerIndex> {
  const { channel, chaincode } = ledger;
  const index = new LedgerIndex({ file: undefined, chaincode });
  const state = new SqliteState(index.database);
  const genesis = genesisDigest(await ledger.block(0));
  const checker = new ChannelChecker({ channel, genesis, state, chaincode });
  const height = await ledger.height();
  for (let number = 0; number < height; number++) {
    const bytes = await ledger.block(number);
    const block = readBlock(bytes);
    const checked = checker.check(block);
    index.write(() => {
      index.add(indexedBlock(checked, block, bytes));
      state.keep();
    });
  }
  return index;
}
