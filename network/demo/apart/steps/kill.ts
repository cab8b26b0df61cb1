// One part of each kind is killed at a hospital of its own: its supervisor starts it again, and the study goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts.ts';
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

const AGAIN_MS = 120_000;
const LOOK_EVERY_MS = 1000;

/** Each kind at the hospital of this place in the list. */
const KINDS = [
  ['orderer', 0],
  ['peer', 1],
  ['gateway', 2],
  ['trainer', 3],
  ['ipfs', 1],
] as const;

export const killSteps = (firstRound: number): Step[] =>
  KINDS.map(([kind, at]) => ({
    name: `kill-${kind}`,
    when: { round: firstRound },
    run: (room) => kill(room, room.hosts.all[at]!, kind),
  }));

async function kill(room: Room, host: Host, kind: string): Promise<string[]> {
  const before = await processOf(room, host, kind);
  if (before?.pid == null) return [`${host.name} runs no ${kind}`];
  process.kill(before.pid, 'SIGKILL');
  // The others go on meanwhile.
  await write(room, room.hosts.all.find((one) => one !== host)!);
  const deadline = Date.now() + AGAIN_MS;
  for (;;) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: room.signal });
    const now = await processOf(room, host, kind);
    if (now?.state === 'running' && now.restarts > before.restarts && now.pid !== before.pid) break;
    if (Date.now() > deadline) return [`${kind} of ${host.name} does not run again: it is ${now?.state}`];
  }
  await room.becomeReady([host]);
  return [];
}

const processOf = async (room: Room, host: Host, kind: string) =>
  (await room.statusOf(host)).processes.find(({ name }) => name.startsWith(`${kind}-`));
