// What two signed blocks of one number do to a gateway, whoever showed the second: a peer, or a gateway elsewhere.
import type { FoundAlarm, LedgerAlarm } from './ledger-alarms.ts';

/**
 * Two histories stop the index. Where only a key signed the other one that the present configuration does not accept,
 * they are an alarm with both headers and no more: such a key may be in anybody's hands and signs old numbers for ever,
 * so that stopping for it would let a stranger turn off every hospital's gateway, again and again.
 */
export function alarmOfTwo({
  mspId,
  number,
  seen,
  isRetired,
  headers,
}: {
  /** Who showed the other one. */
  readonly mspId: string;
  readonly number: number;
  /** Who saw what, in words. */
  readonly seen: string;
  readonly isRetired: boolean;
  readonly headers: NonNullable<LedgerAlarm['headers']>;
}): FoundAlarm {
  const retired = isRetired
    ? ': by a key that the present configuration does not accept, which signs old numbers for ever'
    : '';
  return {
    mspId,
    stops: !isRetired,
    text: `orderers signed two blocks ${number}: ${seen}${retired}`,
    headers,
  };
}
