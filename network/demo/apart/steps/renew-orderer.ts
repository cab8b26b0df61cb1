// The certificate of one hospital's orderer is renewed by a ceremony while a study runs.
import { GATEWAY_PATHS } from '@consilium/domain';
import { RoomCeremony } from '../ceremonies.ts';
import { heightAt } from '../height.ts';
import type { Host } from '../hosts.ts';
import type { Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

/** A quorum signs each block, and not always the same orderers. */
const SIGNS_MS = 180_000;

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
  return room.ordering === 'bft' ? signsBlocks(room, host) : quorumNeedsIt(room);
}

/** BFT orderers sign each block together: with its new certificate, as the gateway of another hospital has checked. */
async function signsBlocks(room: Room, renewed: Host): Promise<string[]> {
  const [reader] = room.hosts.all;
  const { client } = room.siteOf(reader!);
  const { mspId } = room.siteOf(renewed).hospital;
  const from = await heightAt(room, reader!);
  for (const deadline = Date.now() + SIGNS_MS; ; ) {
    await write(room, reader!);
    const { items } = await client.get<{ items: readonly Block[] }>(GATEWAY_PATHS.blocks);
    if (items.some(({ number, signedBy }) => number >= from && signedBy.includes(mspId))) return [];
    if (Date.now() > deadline) return [`${mspId} signed no block from ${from} on`];
  }
}

/**
 * Raft's blocks have one signature. With another orderer stopped all that are left are needed: nothing is written unless
 * the renewed one orders.
 */
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

interface Block {
  readonly number: number;
  /** Organisations whose orderers signed it. */
  readonly signedBy: readonly string[];
}

interface Renewal {
  readonly state: string;
  readonly file?: string;
}
