// One hospital is cut off from all others for a minute. The others go on; it catches up by itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { heightAt } from '../height.ts';
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

const CUT_MS = 60_000;
const CATCH_UP_MS = 180_000;

export const linkStep = (round: number): Step => ({ name: 'cut-link', when: { round }, run: cutLink });

async function cutLink(room: Room): Promise<string[]> {
  const cut = room.hosts.all[3]!;
  const others = room.hosts.all.filter((host) => host !== cut);
  room.hosts.setCable(cut, 'down');
  try {
    await sleep(CUT_MS, undefined, { signal: room.signal });
    // BFT orderers may first have to agree on another leader than the one that is cut off.
    await write(room, others[0]!);
    await room.becomeReady([others[0]!]);
  } finally {
    room.hosts.setCable(cut, 'up');
  }
  await room.becomeReady(room.hosts.all);
  const target = await heightAt(room, others[0]!);
  const deadline = Date.now() + CATCH_UP_MS;
  while ((await heightAt(room, cut)) < target) {
    if (Date.now() > deadline) return [`${cut.name} did not catch up to block ${target}`];
    await sleep(1000, undefined, { signal: room.signal });
  }
  return [];
}
