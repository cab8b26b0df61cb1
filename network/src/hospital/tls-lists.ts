// Revocation lists of the authorities of TLS. The channel's lists are of those who sign: of hosts each hospital keeps
// the others' lists itself, as they came by the mailbox, and the links and the listener for witnesses go by them.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOnLists, listsOfAuthority } from '@consilium/verify/channel';
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';

const MOST_BYTES = 1024 * 1024;

/** What was taken up of an organisation's lists. */
export const keptListsFile = (directory: string, mspId: string): string =>
  join(directory, 'revoked', `tls-${mspId}.pem`);

/** In the mailbox. */
export const listsFile = (mailbox: string, mspId: string): string =>
  join(mailbox, `revoked-tls-${mspId}.pem`);

/** A file that cannot be read is as if it named everybody: nobody wrote it but this hospital. */
export function isRevokedBy(file: string, certificate: X509Certificate, root: string): boolean {
  if (!existsSync(file)) return false;
  try {
    return isOnLists(readFileSync(file, 'utf8'), certificate, new X509Certificate(root));
  } catch {
    return true;
  }
}

export interface TakenLists {
  readonly mspId: string;
  /** How many lists are new here. */
  readonly taken: number;
  /** Why nothing was taken of what is in the mailbox. */
  readonly problem?: string;
}

/** Takes up what others put into the mailbox. A list stays for good: whoever brings an older one takes nothing back. */
export function takeTlsLists({ consortium, file }: Hospital, { directory }: HospitalLayout): TakenLists[] {
  return consortium.organisations.flatMap(({ mspId }): TakenLists[] => {
    const received = listsFile(file.mailbox, mspId);
    if (!existsSync(received)) return [];
    try {
      const root = readFileSync(join(organisationDirOf(directory, mspId), 'msp/tlscacerts/tlsca.pem'));
      const text = readReceived(received, MOST_BYTES).toString('utf8');
      const lists = listsOfAuthority(text, new X509Certificate(root));
      if (lists.length === 0)
        return [{ mspId, taken: 0, problem: `no list there is signed by the TLS authority of ${mspId}` }];
      const kept = keptListsFile(directory, mspId);
      const before = existsSync(kept) ? readFileSync(kept, 'utf8') : '';
      const added = lists.filter((list) => !before.includes(list));
      mkdirSync(join(directory, 'revoked'), { recursive: true, mode: 0o700 });
      if (added.length > 0) writeWhole(kept, `${before}${added.map((list) => `${list}\n`).join('')}`);
      return [{ mspId, taken: added.length }];
    } catch (error) {
      return [{ mspId, taken: 0, problem: (error as Error).message }];
    }
  });
}
