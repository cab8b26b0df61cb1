// Whether a hospital took the certificate of its own gateway back.
import type { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isOnLists } from '@consilium/verify';

/** A file that is there and cannot be read is as if it named everybody. */
export function isRevoked(
  lists: string | undefined,
  certificate: X509Certificate,
  authority: X509Certificate,
): boolean {
  if (lists === undefined || !existsSync(lists)) return false;
  try {
    return isOnLists(readFileSync(lists, 'utf8'), certificate, authority);
  } catch {
    return true;
  }
}
