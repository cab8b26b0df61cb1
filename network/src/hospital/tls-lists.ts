// Revocation lists of the authorities of TLS. The channel's lists are of those who sign: of hosts each hospital keeps
// the others' lists itself, as they came by the mailbox, and the links and the listener for witnesses go by them.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOnLists, listsOfAuthority, readRevocationList } from '@consilium/verify/channel';
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';

/** Of what one organisation publishes, and of what is kept of it: every connection of a link reads it. */
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
  /** How many lists revoke something that none did here. */
  readonly taken: number;
  /** Why nothing was taken of what is in the mailbox. */
  readonly problem?: string;
}

/**
 * Takes up what others put into the mailbox. What a list revoked stays revoked: whoever brings an older one takes
 * nothing back. A list that names nothing beyond later ones is kept no longer.
 */
export function takeTlsLists(
  { consortium, file }: Hospital,
  { directory }: HospitalLayout,
  mostBytes = MOST_BYTES,
): TakenLists[] {
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
      const before = existsSync(kept)
        ? listsOfAuthority(readFileSync(kept, 'utf8'), new X509Certificate(root))
        : [];
      const known = new Set(before.flatMap(serialsOf));
      const taken = lists.filter((list) => serialsOf(list).some((serial) => !known.has(serial))).length;
      if (taken === 0) return [{ mspId, taken }];
      const next = withoutNeedless([...before, ...lists])
        .map((list) => `${list}\n`)
        .join('');
      if (next.length > mostBytes) {
        const problem =
          `its lists would be ${next.length} bytes together, and at most ${mostBytes} are kept: ask it for one list ` +
          `of all that it revokes, and put that in the place of ${kept}`;
        return [{ mspId, taken: 0, problem }];
      }
      mkdirSync(join(directory, 'revoked'), { recursive: true, mode: 0o700 });
      writeWhole(kept, next);
      return [{ mspId, taken }];
    } catch (error) {
      return [{ mspId, taken: 0, problem: (error as Error).message }];
    }
  });
}

const serialsOf = (list: string): string[] => [...readRevocationList(Buffer.from(list)).serials];

/** Without those that name nothing beyond later ones. */
function withoutNeedless(lists: readonly string[]): string[] {
  const named = new Set<string>();
  const needed = lists.toReversed().filter((list) => {
    const before = named.size;
    for (const serial of serialsOf(list)) named.add(serial);
    return named.size > before;
  });
  return needed.toReversed();
}
