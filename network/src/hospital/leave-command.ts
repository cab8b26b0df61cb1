// `hospital leave`: asks the own gateway what is owed, and the others' peers whether they still answer; then it says,
// or deletes.
import { existsSync, readFileSync } from 'node:fs';
import { API_PREFIX } from '@consilium/domain';
import { FabricNodeError, fetchBlock } from '../ceremonies/fabric-nodes.ts';
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { administratorOf } from '../ceremonies/own-place.ts';
import { readSecrets } from '../secrets.ts';
import { consortiumStatus } from '../status.ts';
import type { Said } from './agree-command.ts';
import type { Hospital } from './hospital-file.ts';
import { askGateway } from './hospital-gateway.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import {
  type AskLedger,
  deleteKeys,
  type Kept,
  leavingOf,
  type PeerAnswer,
  recordedLedger,
  recordLedger,
} from './leave.ts';

interface LeavePlace {
  readonly path: string;
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  /** The own MSP id, where the keys shall be deleted. */
  readonly confirm: string | undefined;
}

export interface Left extends Said {
  /** Whether nothing is owed. */
  readonly isFree: boolean;
}

/** @throws InputError where it was confirmed, and something is owed */
export async function leave({ path, hospital, layout, confirm }: LeavePlace): Promise<Left> {
  const isRunning = consortiumStatus(layout.directory).state !== 'stopped';
  const now = new Date();
  const record = isRunning
    ? await recordLedger(hospital, layout, { ask: ledgerAt(hospital, layout), now })
    : recordedLedger(layout);
  const peers = existsSync(layout.peer.adminMspDir) ? await askPeers(path, layout) : [];
  const leaving = leavingOf(hospital, layout, { record, peers, isRunning });
  const { owed, deletes, keeps } = leaving;
  const isFree = owed.length === 0;
  if (confirm !== undefined) {
    const deleted = deleteKeys(hospital, leaving, confirm);
    const lines = [...deleted.map((one) => `deleted: ${one}`), ...partLines('kept', keeps)];
    return { content: { deleted, keeps }, lines, isFree };
  }
  const next = `Nothing is owed. \`hospital leave --confirm ${hospital.own.mspId}\` deletes what is listed.`;
  const lines = [
    ...owed.map((text) => `owed: ${text}`),
    ...partLines('would be deleted', deletes),
    ...partLines('would be kept', keeps),
    ...(isFree ? [next] : ['Nothing was deleted.']),
  ];
  return { content: { owed, record: record ?? null, peers, deletes, keeps }, lines, isFree };
}

const partLines = (verb: string, parts: readonly Kept[]): string[] =>
  parts.map(({ path, why }) => `${verb}: ${path} (${why})`);

/** As an auditor. */
export function ledgerAt(hospital: Hospital, { directory }: Pick<HospitalLayout, 'directory'>): AskLedger {
  const { auditor } = readSecrets(directory, hospital.own.name).gateway;
  return async (path) => {
    const { status, text } = await askGateway(hospital, API_PREFIX + path, auditor);
    if (status === 200) return JSON.parse(text);
    throw new Error(`the own gateway answers ${status} to ${path}: ${text.slice(0, 300)}`);
  };
}

/** Whether each gives a block to this organisation's administrator. */
function askPeers(path: string, { fabric, peer: own }: HospitalLayout): Promise<PeerAnswer[]> {
  const identity = administratorOf(placeOfHospital(path));
  const others = fabric.peers.filter(({ mspId }) => mspId !== own.mspId);
  return Promise.all(
    others.map(async ({ mspId, host, port, tls }): Promise<PeerAnswer> => {
      if (!existsSync(tls.root)) return { mspId, answer: 'away' };
      const node = { address: `${host}:${port}`, tlsRoots: readFileSync(tls.root, 'utf8') };
      try {
        await fetchBlock(node, 'newest', { channel: fabric.channel, identity });
        return { mspId, answer: 'answers' };
      } catch (error) {
        if (!(error instanceof FabricNodeError)) throw error;
        return { mspId, answer: error.refuses ? 'refuses' : 'away' };
      }
    }),
  );
}
