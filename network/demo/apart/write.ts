// That a hospital can write: by a transaction which changes nothing that matters, through its own gateway.
import { ledgerPath } from '@consilium/domain';
import type { Host } from './hosts.ts';
import type { Room } from './room.ts';

/** Committed when it resolves. @throws GatewayProblemError */
export async function write(room: Room, host: Host): Promise<void> {
  const studyId = room.study?.studyId;
  if (studyId === undefined) throw new Error('there is no study yet to write about');
  await room.siteOf(host).client.post(ledgerPath('audit:indexStudy', { studyId }), 'auditor', {});
}
