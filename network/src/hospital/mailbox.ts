// What organisations give to each other: small files in one folder, which everybody may read. It travels by any means,
// so nothing in it is secret, and nothing is believed that is not signed or compared.
import { join } from 'node:path';
import { publishWholeBytes } from '../state-file.ts';

/** At the founding the first organisation seals it; to one that joins later each of the others does. */
export const sealedKeyFile = (mailbox: string, mspId: string, from?: string): string =>
  join(mailbox, from === undefined ? `swarm-key-${mspId}.json` : `swarm-key-${mspId}-from-${from}.json`);
/** In the mailbox, and once it was taken up in the own folder. */
export const definitionFile = (folder: string, mspId: string): string =>
  join(folder, `definition-${mspId}.json`);
/** The channel's first block, for those who join later: they know its digest, and take any that has it. */
export const genesisFile = (mailbox: string, from: string): string =>
  join(mailbox, `genesis-from-${from}.block`);

/** Readable by others, also where the own files are not. */
export const putIntoMailbox = (file: string, content: string | Uint8Array): void =>
  publishWholeBytes(file, typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
