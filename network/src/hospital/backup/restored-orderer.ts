// An orderer that was restored begins without its ledger and its log of votes, and takes both from the others. Raft
// trusts each orderer to remember what it accepted: a majority that counts on one that forgot can lose a block. It
// cannot while every other orderer runs, since each then has all that was ordered. BFT counts it as one that may lie.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { accepts } from '../../readiness.ts';
import { portsOf } from '../agreed-consortium.ts';
import { assertMargin } from '../doctor.ts';
import type { Hospital } from '../hospital-file.ts';
import type { HospitalLayout } from '../hospital-layout.ts';
import { toleranceOf } from '../tolerance.ts';

/**
 * While a backup is made, this orderer is away. A consortium that withstands that at no time is not kept from backups.
 *
 * @throws InputError where others are away already, so that nothing could be written meanwhile
 */
export async function assertMayBeAway(hospital: Hospital): Promise<void> {
  if (toleranceOf(hospital.consortium).orderers.mayBeDown > 0) await assertMargin(hospital);
}

/** Whether the peer has a past that the orderer lacks. */
export const hasForgotten = ({ orderer, peer }: Pick<HospitalLayout, 'orderer' | 'peer'>): boolean =>
  existsSync(join(peer.home, 'data')) && !existsSync(join(orderer.home, 'ledger'));

/** @throws InputError naming the orderers that do not answer, where this one must not start without them */
export async function assertOthersRemember(
  { consortium, own }: Hospital,
  layout: Pick<HospitalLayout, 'orderer' | 'peer'>,
): Promise<void> {
  if (consortium.ordering.kind !== 'raft' || !hasForgotten(layout)) return;
  const others = consortium.organisations.filter(({ mspId }) => mspId !== own.mspId);
  const answers = await Promise.all(others.map((other) => accepts(portsOf(other).orderer, other.host)));
  const silent = others.filter((_, at) => answers[at] !== true).map(({ mspId }) => mspId);
  if (silent.length === 0) return;
  throw new InputError(
    `the orderer here was restored, and of the others ${silent.join(', ')} does not answer: start it while all run, ` +
      'since Raft trusts each to remember what it accepted',
  );
}
