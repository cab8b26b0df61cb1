// What organisations give to each other: small files in one folder, which everybody may read. It travels by any means,
// so nothing in it is secret, and nothing is believed that is not signed or compared.
import { join } from 'node:path';
import { publishWholeBytes } from '../state-file.ts';

export const sealedKeyFile = (mailbox: string, mspId: string): string =>
  join(mailbox, `swarm-key-${mspId}.json`);
/** In the mailbox, and once it was taken up in the own folder. */
export const definitionFile = (folder: string, mspId: string): string =>
  join(folder, `definition-${mspId}.json`);

/** Readable by others, also where the own files are not. */
export const putIntoMailbox = (file: string, text: string): void =>
  publishWholeBytes(file, Buffer.from(text, 'utf8'));
