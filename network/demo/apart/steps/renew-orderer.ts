// The certificate of one hospital's orderer is renewed by a ceremony while a study runs.
import { RoomCeremony } from '../ceremonies.ts';
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

export const renewOrdererStep = (round: number): Step => ({
  name: 'renew-orderer',
  when: { round },
  run: renewOrderer,
});

async function renewOrderer(room: Room): Promise<string[]> {
  const { all } = room.hosts;
  const host = all[1]!;
  const proposed = (await room.command(host, 'renew', '--what', 'orderer')) as Renewal;
  if (proposed.state !== 'proposed') return [`the renewal is ${proposed.state}`];
  const ceremony = new RoomCeremony(room, proposed.file!);
  await ceremony.sign(all.slice(0, 3));
  await ceremony.submit(host);
  const placed = (await room.command(host, 'renew', '--what', 'orderer')) as Renewal;
  if (placed.state !== 'placed') return [`after the ceremony the renewal is ${placed.state}`];
  await room.becomeReady([host]);
  return quorumNeedsIt(room);
}

/** With another orderer stopped all that are left are needed: nothing is written unless the renewed one orders. */
async function quorumNeedsIt(room: Room): Promise<string[]> {
  const [other, renewed] = room.hosts.all;
  const { processes } = await room.statusOf(other!);
  const orderer = processes.find(({ name }) => name.startsWith('orderer-'));
  if (orderer?.pid == null) return [`${other!.name} runs no orderer`];
  process.kill(orderer.pid, 'SIGSTOP');
  try {
    await write(room, renewed!);
    return [];
  } finally {
    process.kill(orderer.pid, 'SIGCONT');
  }
}

interface Renewal {
  readonly state: string;
  readonly file?: string;
}
