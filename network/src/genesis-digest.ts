// The digest of a channel's first block: what people write down once, and from which `consilium-verify` trusts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { genesisDigest } from '@consilium/verify/fabric-block';

/** Where each runtime keeps the block. */
const FILES = ['ledger/genesis.block', 'fabric/channel/genesis.block'];

/** SHA-256 of block 0's header, in hexadecimal; null where no ledger was started in the directory. */
export function genesisSha256Of(directory: string): string | null {
  const file = FILES.map((name) => join(directory, name)).find(existsSync);
  return file === undefined ? null : genesisDigest(readFileSync(file));
}
