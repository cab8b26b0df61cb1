// A whole channel checked from its blocks as a peer sends them, with nothing kept.
import { ChannelChecker, type CheckedBlock } from '../blocks/channel-checker.ts';
import { genesisDigest, readBlock } from '../blocks/fabric-block.ts';
import { MemoryState } from '../blocks/memory-state.ts';

/** @throws BrokenChainError with the place of what does not hold */
export function checkedChannel(blocks: readonly Uint8Array[], channel: string): CheckedBlock[] {
  const genesis = genesisDigest(blocks[0]!);
  const checker = new ChannelChecker({ channel, genesis, state: new MemoryState() });
  return blocks.map((block) => checker.check(readBlock(block)));
}
