// One hospital renews all its certificates but its orderer's while the study runs: what can take them up does so
// without a restart, and what cannot is back before the command returns.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { organisationDirOf } from '../../../src/hospital/hospital-layout.ts';
import { readState } from '../../../src/state-file.ts';
import type { Room } from '../room.ts';
import type { Step } from './step.ts';

export const RENEWAL_STEPS: readonly Step[] = [
  { name: 'renew-certificates', when: { round: 1 }, run: renewCertificates },
];

async function renewCertificates(room: Room): Promise<string[]> {
  const [, host] = room.hosts.all;
  const folder = room.folderOf(host!);
  const { mspId } = room.consortium.organisations.find(({ name }) => name === host!.name)!;
  const keys = [
    'nodes/peer0/tls/server.key',
    'nodes/link/tls/server.key',
    'users/steward/msp/keystore/key.pem',
  ];
  const read = () => keys.map((name) => readFileSync(join(organisationDirOf(folder, mspId), name), 'utf8'));
  const processes = () =>
    new Map(readState(folder)!.services.map((service) => [service.name, service.process?.pid]));
  const [keysBefore, before] = [read(), processes()];
  const { status, stdout, stderr } = await room.ask(host!, ['hospital', 'renew', '--what', 'all']);
  if (status !== 0) return [`hospital renew ended with ${status}: ${stderr}${stdout}`];
  const after = processes();
  const problems = read().flatMap((key, at) =>
    key === keysBefore[at] ? [`${keys[at]} was not renewed`] : [],
  );
  for (const [name, pid] of before) {
    const kind = name.split('-')[0]!;
    const isRestarted = after.get(name) !== pid;
    if (['gateway', 'links', 'trainer', 'orderer', 'ipfs'].includes(kind) && isRestarted)
      problems.push(`${name} was restarted by a renewal`);
    if (['peer', 'chaincode'].includes(kind) && !isRestarted)
      problems.push(`${name} goes on with its old certificate`);
  }
  const { status: ended, stdout: ends } = await room.ask(host!, ['hospital', 'expiry']);
  if (ended !== 0) problems.push(`hospital expiry ended with ${ended}: ${ends}`);
  await room.becomeReady([host!]);
  return problems;
}
