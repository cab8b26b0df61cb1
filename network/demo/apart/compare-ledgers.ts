// Whether the peers of two hosts have one ledger: the hash of the last block, which all before go into, and the state,
// by snapshots that Fabric's own `ledgerutil` compares where it is installed.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { organisationDirOf } from '../../src/hospital/hospital-layout.ts';
import { findHospitalPrograms } from '../../src/native/binaries.ts';
import type { Host } from './hosts.ts';
import type { Room } from './room.ts';

const WAIT_MS = 300_000;
const POLL_MS = 1000;

export interface ComparedLedgers {
  readonly facts: readonly string[];
  readonly problems: readonly string[];
}

interface ChainInfo {
  readonly height: number;
  readonly currentBlockHash: string;
}

/** Once nothing more is written, such as after a study. */
export async function compareLedgers(
  room: Room,
  [one, other]: readonly [Host, Host],
): Promise<ComparedLedgers> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const [first, second] = await Promise.all([chainInfo(room, one), chainInfo(room, other)]);
    if (first.height === second.height) {
      const block = `block ${first.height - 1}`;
      if (first.currentBlockHash !== second.currentBlockHash) {
        return { facts: [], problems: [`${block} is another at ${other.name} than at ${one.name}`] };
      }
      const states = await compareStates(room, [one, other]);
      if (states !== undefined) {
        return {
          ...states,
          facts: [`${block} has the same hash: ${first.currentBlockHash}`, ...states.facts],
        };
      }
    }
    if (Date.now() > deadline) {
      const heights = `${first.height} blocks at ${one.name}, ${second.height} at ${other.name}`;
      return { facts: [], problems: [`${heights}: they do not come to rest`] };
    }
    await sleep(POLL_MS, undefined, { signal: room.signal });
  }
}

async function chainInfo(room: Room, host: Host): Promise<ChainInfo> {
  const said = await peer(room, host, 'channel', 'getinfo', '--channelID', room.consortium.channel);
  return JSON.parse(said.slice(said.indexOf('{'))) as ChainInfo;
}

/** The `peer` command as the host's administrator. */
async function peer(room: Room, host: Host, ...parameters: string[]): Promise<string> {
  const folder = room.folderOf(host);
  const { mspId } = room.consortium.organisations.find(({ name }) => name === host.name)!;
  const admin = join(organisationDirOf(folder, mspId), 'users/admin/msp');
  const set = [`FABRIC_CFG_PATH=${join(folder, 'fabric/peer')}`, `CORE_PEER_MSPCONFIGPATH=${admin}`];
  const command = ['env', ...set, 'FABRIC_LOGGING_SPEC=error', findHospitalPrograms().peer, ...parameters];
  const { status, stdout, stderr } = await room.hosts.run(host, command);
  if (status !== 0) throw new Error(`peer ${parameters.join(' ')} at ${host.name} failed: ${stderr}`);
  return stdout;
}

/** undefined where a block came between the two snapshots. */
async function compareStates(room: Room, hosts: readonly [Host, Host]): Promise<ComparedLedgers | undefined> {
  const ledgerutil = join(dirname(findHospitalPrograms().peer), 'ledgerutil');
  if (!existsSync(ledgerutil)) {
    return { facts: ['ledgerutil compare: not run, it is not beside `peer`'], problems: [] };
  }
  const snapshots = await Promise.all(hosts.map((host) => snapshot(room, host)));
  const [first, second] = snapshots as [string | undefined, string | undefined];
  if (first === undefined || second === undefined) return undefined;
  const output = join(room.hosts.root, 'compared');
  const { stdout, stderr } = await promisify(execFile)(ledgerutil, ['compare', '-o', output, first, second]);
  const said = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
  const isSame = /were the same/.test(said);
  return { facts: [`ledgerutil compare: ${said}`], problems: isSame ? [] : [`ledgerutil compare: ${said}`] };
}

/** The folder of a snapshot at the present height; undefined where a block came meanwhile. */
async function snapshot(room: Room, host: Host): Promise<string | undefined> {
  const { channel, organisations } = room.consortium;
  const { mspId } = organisations.find(({ name }) => name === host.name)!;
  const folder = room.folderOf(host);
  const { height } = await chainInfo(room, host);
  const completed = join(folder, 'fabric/peer/snapshots/completed', channel, String(height - 1));
  if (!existsSync(completed)) {
    const root = join(organisationDirOf(folder, mspId), 'nodes/peer0/tls/ca.crt');
    const where = ['--peerAddress', `${host.hostName}:7051`, '--tlsRootCertFile', root];
    await peer(
      room,
      host,
      'snapshot',
      'submitrequest',
      '--channelID',
      channel,
      '--blockNumber',
      '0',
      ...where,
    );
  }
  for (const deadline = Date.now() + 60_000; !existsSync(completed); await sleep(POLL_MS)) {
    if (Date.now() > deadline) return undefined;
  }
  return completed;
}
