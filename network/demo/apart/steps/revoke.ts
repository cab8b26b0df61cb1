// A trainer's certificate is taken back while its study runs: its hospital enrols another one, revokes the former by
// its own authority and a ceremony, and every peer refuses the former.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RoomCeremony } from '../ceremonies.ts';
import type { Host } from '../hosts.ts';
import type { Room } from '../room.ts';
import type { Step } from './step.ts';

export const revokeStep = (round: number): Step => ({
  name: 'revoke-trainer',
  when: { round },
  run: revokeTrainer,
});

interface Probe {
  readonly probed: readonly {
    readonly peers: readonly { readonly mspId: string; readonly state: string; readonly text: string }[];
  }[];
}

async function revokeTrainer(room: Room): Promise<string[]> {
  const host = room.hosts.all[2]!;
  const another = room.hosts.all[0]!;
  const revoked = (await room.command(host, 'revoke', '--what', 'trainer', '--reason', 'keycompromise')) as {
    readonly file: string;
    readonly digest: string;
    readonly waits: readonly string[];
  };
  // The gateway signs for the trainer.
  if (revoked.waits.length > 0) await room.command(host, 'restart', '--service', `gateway-${host.name}`);
  const problems: string[] = [];
  const before = await probe(room, host);
  if (!before.every(({ state }) => state === 'taken'))
    problems.push(`before the ceremony: ${before.map(({ mspId, state }) => `${mspId} ${state}`).join(', ')}`);
  const ceremony = new RoomCeremony(room, revoked.file);
  const { digest } = await ceremony.review(another);
  if (digest !== revoked.digest) problems.push('another hospital reviews another digest');
  await ceremony.sign([host]);
  await ceremony.submit(host);
  const deadline = Date.now() + 60_000;
  let after = await probe(room, host);
  while (!after.every(({ state }) => state === 'refused') && Date.now() < deadline)
    after = await probe(room, host);
  for (const { mspId, state, text } of after) {
    if (state !== 'refused')
      problems.push(`the peer of ${mspId} does not refuse the former certificate: ${text}`);
  }
  if (after.length !== room.consortium.organisations.length)
    problems.push(`${after.length} peers were asked`);
  await room.becomeReady([host]);
  return problems;
}

/** At the peers of all, as the former trainer. */
async function probe(room: Room, host: Host) {
  const revoked = join(room.folderOf(host), 'revoked');
  const former = readdirSync(revoked).find((name) => name.startsWith('trainer-'))!;
  const { stdout, stderr } = await room.ask(host, ['hospital', 'probe', '--identity', join(revoked, former)]);
  if (stdout === '') throw new Error(`hospital probe at ${host.name}: ${stderr}`);
  return (JSON.parse(stdout) as Probe).probed[0]!.peers;
}
