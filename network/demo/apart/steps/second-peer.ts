// One hospital gets a second peer while a study runs, by the file that all agree on and without a ceremony. Then its
// first peer is killed and kept down: its own people go on, and the others get endorsements that need it. At last the
// first loses its disk.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { heightAt } from '../height.ts';
import type { Host } from '../hosts.ts';
import type { HospitalStatus, Room } from '../room.ts';
import { write } from '../write.ts';
import type { Agreed } from './join.ts';
import type { Step } from './step.ts';

const PORT = 7059;
const FOLLOW_MS = 300_000;
const LOOK_EVERY_MS = 1000;

export const secondPeerStep = (round: number): Step => ({
  name: 'second-peer',
  isLong: true,
  when: { round },
  run: secondPeer,
});

async function secondPeer(room: Room): Promise<string[]> {
  const [one, host, other] = room.hosts.all as [Host, Host, Host];
  const first = `peer-${host.name}`;
  const second = `peer1-${host.name}`;
  const problems = await addSecond(room, host);

  const before = processOf(await room.statusOf(host), first);
  if (before?.pid == null) return [...problems, `${first} does not run`];
  process.kill(before.pid, 'SIGKILL');
  await write(room, host);
  await room.command(host, 'down', '--service', first);
  await write(room, host);
  problems.push(...(await servedBy(room, host, 'second')));
  // Of four organisations three endorse: with another one's peer away, this one's second has to.
  await room.command(other, 'down', '--service', `peer-${other.name}`);
  await write(room, one);
  await write(room, host);
  await room.command(other, 'up', '--service', `peer-${other.name}`);
  await room.becomeReady([other]);

  await room.command(host, 'up', '--service', first);
  await room.becomeReady([host]);
  problems.push(...(await servedBy(room, host, 'second')));
  await caughtUp(room, host);
  await room.command(host, 'down', '--service', second);
  await write(room, host);
  problems.push(...(await servedBy(room, host, 'first')));
  await room.command(host, 'up', '--service', second);
  await room.becomeReady();
  problems.push(...(await wipeFirst(room, host)));
  const ends = await heightAt(room, one);
  for (
    const deadline = Date.now() + FOLLOW_MS;
    (await heightAt(room, host)) < ends;
    await sleep(LOOK_EVERY_MS)
  )
    if (Date.now() > deadline) return [...problems, `${host.name} has not all ${ends} blocks`];
  return problems;
}

/** Returns when it can take over, by what the own doctor says. */
async function addSecond(room: Room, host: Host): Promise<string[]> {
  const problems: string[] = [];
  const organisations = room.consortium.organisations.map((one) =>
    one.name === host.name ? { ...one, ports: { ...one.ports, peer1: PORT } } : one,
  );
  room.agreeOn({ ...room.consortium, organisations });
  await room.command(host, 'init');
  for (const each of room.hosts.all) {
    const { channel } = (await room.command(each, 'agree')) as Agreed;
    if (channel?.length !== 0) problems.push(`${each.name} needs a ceremony: ${JSON.stringify(channel)}`);
    await room.becomeReady([each]);
  }
  await room.command(host, 'down');
  await room.command(host, 'up');
  await room.becomeReady();
  await caughtUp(room, host);
  problems.push(...(await servedBy(room, host, 'first')));
  return problems;
}

async function caughtUp(room: Room, host: Host): Promise<void> {
  for (
    const deadline = Date.now() + FOLLOW_MS;
    ;
    await sleep(LOOK_EVERY_MS, undefined, { signal: room.signal })
  ) {
    const { stdout } = await room.ask(host, ['hospital', 'doctor']);
    const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string; text: string }[] };
    const found = findings.find(({ what }) => what === 'second peer');
    if (found?.state === 'good') return;
    if (Date.now() > deadline)
      throw new Error(`the second peer of ${host.name} is not ready: ${found?.text}`);
  }
}

/** The blocks come from the orderers, and the approval from the second: nobody else is asked for anything. */
async function wipeFirst(room: Room, host: Host): Promise<string[]> {
  const folder = room.folderOf(host);
  await room.command(host, 'down');
  rmSync(join(folder, 'fabric/peer'), { recursive: true });
  await room.command(host, 'up');
  await room.becomeReady([host]);
  await caughtUp(room, host);
  // By the first alone.
  await room.command(host, 'down', '--service', `peer1-${host.name}`);
  await write(room, host);
  const problems = await servedBy(room, host, 'first');
  await room.command(host, 'up', '--service', `peer1-${host.name}`);
  const isLost = readFileSync(join(folder, 'logs/supervisor.log'), 'utf8').includes(
    "the own peer has lost this organisation's approval",
  );
  return isLost ? [...problems, `${host.name} asked all for a next sequence`] : problems;
}

/** Its own status says so. */
async function servedBy(room: Room, host: Host, wanted: 'first' | 'second'): Promise<string[]> {
  const { serving } = (await room.statusOf(host)).readiness;
  return serving === wanted ? [] : [`${host.name} is served by ${serving}, and not by the ${wanted}`];
}

const processOf = ({ processes }: HospitalStatus, name: string) => processes.find((one) => one.name === name);
