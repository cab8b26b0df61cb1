// All go to another version of the chaincode while a study runs: one hospital after the other starts another release,
// which runs both versions; then a ceremony of approvals brings the channel to the next sequence, and each goes on
// without the former one by itself: its trainer and its gateway alone are restarted.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoomCeremony } from '../ceremonies.ts';
import type { Host } from '../hosts.ts';
import { makeNextRelease } from '../next-release.ts';
import type { HospitalStatus, Room } from '../room.ts';
import { write } from '../write.ts';
import type { Step } from './step.ts';

const GO_ON_MS = 180_000;

export const upgradeStep = (round: number): Step => ({
  name: 'upgrade-chaincode',
  when: { round },
  run: upgradeChaincode,
});

async function upgradeChaincode(room: Room): Promise<string[]> {
  const { all } = room.hosts;
  const { main, version, sha256 } = makeNextRelease(join(room.hosts.root, 'next-release'));
  const { chaincode } = room.consortium;
  const next = { ...room.consortium, chaincode: { ...chaincode, version, sha256 } };
  const problems: string[] = [];
  for await (const host of room.leaderLast()) {
    room.giveAgreed(host, next);
    room.useRelease(host, main);
    await room.command(host, 'upgrade');
    await room.becomeReady([host]);
    // The next one's orderer goes down once the orderers are over the loss of this one's.
    await write(room, host);
    const both = (await room.statusOf(host)).processes.filter(({ name }) => name.startsWith('chaincode-'));
    if (both.length !== 2) problems.push(`${host.name} runs ${both.length} versions of the chaincode`);
  }
  room.consortium = next;
  const kept = new Map<Host, HospitalStatus>();
  for (const host of all) kept.set(host, await room.statusOf(host));
  const file = join(room.hosts.mailbox, 'chaincode-2.json');
  const draft = join(all[0]!.folder, 'chaincode-2.json');
  const definition = ['--name', chaincode.name, '--version', version, '--sequence', '2'];
  await room.answer(all[0]!, ['propose', 'chaincode', ...definition, '--out', draft]);
  const ceremony = RoomCeremony.putIntoMailbox(room, draft, file);
  await ceremony.sign(all.slice(0, 3));
  for (const host of all.slice(0, 3)) {
    const { isCommitted } = (await ceremony.submit(host)) as { isCommitted: boolean };
    if (isCommitted !== (host === all[2]))
      problems.push(`after ${host.name} it is ${isCommitted ? '' : 'not '}committed`);
  }
  await room.becomeReady();
  // Also by the one that did not sign, and of the new version.
  for (const host of all) await write(room, host);
  for (const host of all) {
    problems.push(...(await forgotten(room, host)));
    problems.push(...(await alone(room, host, kept.get(host)!)));
    await room.becomeReady([host]);
  }
  return problems;
}

/** The former version ends, and what does not depend on it goes on. */
async function alone(room: Room, host: Host, before: HospitalStatus): Promise<string[]> {
  const former = `chaincode-former-${host.name}`;
  for (const deadline = Date.now() + GO_ON_MS; ; await sleep(1000, undefined, { signal: room.signal })) {
    const { processes } = await room.statusOf(host);
    const runs = (kind: string) => processes.find(({ name }) => name === `${kind}-${host.name}`)?.pid;
    const was = (kind: string) => before.processes.find(({ name }) => name === `${kind}-${host.name}`)?.pid;
    if (processes.every(({ name }) => name !== former)) {
      const kinds = ['peer', 'chaincode', 'ipfs', 'links'].filter((kind) => runs(kind) !== was(kind));
      const same = ['gateway', 'trainer'].filter((kind) => runs(kind) === was(kind));
      return [
        ...kinds.map((kind) => `the ${kind} of ${host.name} was restarted after the upgrade`),
        ...same.map((kind) => `the ${kind} of ${host.name} is of the former release still`),
      ];
    }
    if (Date.now() > deadline) return [`${host.name} still runs the former version`];
  }
}

/** Also the one that did not sign agrees afterwards, and starts no former version any more. */
async function forgotten(room: Room, host: Host): Promise<string[]> {
  const file = join(room.folderOf(host), 'chaincode-versions.json');
  for (const deadline = Date.now() + GO_ON_MS; ; await sleep(1000, undefined, { signal: room.signal })) {
    const versions = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as unknown[]) : [];
    if (versions.length === 1) return [];
    if (Date.now() > deadline) return [`${host.name} does not forget the former version`];
  }
}
