// What organisations give to each other: small files in one folder, which everybody may read. It travels by any means,
// so nothing in it is secret, and nothing is believed that is not signed or compared.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeBytes } from '../state-file.ts';

const FOR_ALL = 0o644;

export const genesisFile = (mailbox: string): string => join(mailbox, 'genesis.block');
export const sealedKeyFile = (mailbox: string, mspId: string): string =>
  join(mailbox, `swarm-key-${mspId}.json`);
/** In the mailbox, and once it was taken up in the own folder. */
export const definitionFile = (folder: string, mspId: string): string =>
  join(folder, `definition-${mspId}.json`);

/** Readable by others, also where the own files are not. */
export function putIntoMailbox(file: string, content: string | Uint8Array): void {
  writeWholeBytes(file, Buffer.from(content));
  chmodSync(file, FOR_ALL);
}
