// The disk of one hospital's peer is emptied while a study runs. It fetches every block from the others, and the
// approval that no block holds comes back by a next sequence to which the others agree by themselves.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { heightAt } from '../height.ts';
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

const CATCH_UP_MS = 180_000;

export const wipePeerStep = (round: number): Step => ({ name: 'wipe-peer', when: { round }, run: wipePeer });

async function wipePeer(room: Room): Promise<string[]> {
  const host = room.hosts.all[2]!;
  const [other] = room.hosts.all;
  await room.command(host, 'down');
  rmSync(join(room.folderOf(host), 'fabric/peer'), { recursive: true });
  await room.command(host, 'up');
  await room.becomeReady();
  await write(room, host);
  const height = await heightAt(room, other!);
  for (const deadline = Date.now() + CATCH_UP_MS; (await heightAt(room, host)) < height; await sleep(1000))
    if (Date.now() > deadline) return [`${host.name} has not caught up to ${height} blocks`];
  return [];
}
