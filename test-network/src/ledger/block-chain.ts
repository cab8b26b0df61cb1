// Whether stored blocks are a chain: for files of a version that kept no digests beside its rows.
import { common } from '../fabric-protos.ts';
import { blockHash } from './block.ts';
import { sha256 } from './sha256.ts';

/** What is wrong with the blocks 0 to `height` - 1; empty when each follows from the one before and its own data. */
export function chainProblem(bytesOf: (number: number) => Uint8Array | undefined, height: number): string {
  let previous: Uint8Array = new Uint8Array();
  for (let number = 0; number < height; number++) {
    const bytes = bytesOf(number);
    if (bytes === undefined) return `block ${number} is missing`;
    try {
      const block = common.Block.deserializeBinary(bytes);
      const header = block.getHeader()!;
      const data = sha256(...(block.getData()?.getDataList_asU8() ?? []));
      if (header.getNumber() !== number || !data.equals(header.getDataHash_asU8())) {
        return `block ${number} does not hold the data that its header names`;
      }
      if (!Buffer.from(header.getPreviousHash_asU8()).equals(previous)) {
        return `block ${number} does not follow the one before it`;
      }
      previous = blockHash(header);
    } catch {
      return `block ${number} cannot be read`;
    }
  }
  return '';
}
