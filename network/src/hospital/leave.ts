// How a hospital ends its part, once the ledger and the channel have let it go: what it still owes, what it keeps, and
// what it deletes. Nothing is deleted before its own record shows that nothing is owed, and others' peers refuse it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { ledgerPath } from '@consilium/domain';
import { writeWhole } from '../state-file.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { formerIdentities } from './revocation.ts';

/** What the own gateway answers to a path of the ledger. */
export type AskLedger = (path: string) => Promise<unknown>;

/** What the own gateway said last of this organisation on the ledger. */
export interface LedgerRecord {
  /** When the membership ended; null where it goes on. */
  readonly leftAt: string | null;
  /** Consents that are not settled, as study and dataset. */
  readonly openConsents: readonly string[];
  readonly askedAt: string;
}

/** What a peer of another organisation answers to this one's administrator. */
export interface PeerAnswer {
  readonly mspId: string;
  readonly answer: 'refuses' | 'answers' | 'away';
}

export interface Leaving {
  /** Sentences of what keeps the keys from being deleted; none where nothing does. */
  readonly owed: readonly string[];
  readonly deletes: readonly Kept[];
  readonly keeps: readonly Kept[];
}

/** A part of the hospital's folder, and why it is kept or deleted. */
export interface Kept {
  readonly path: string;
  readonly why: string;
}

const recordFile = ({ directory }: HospitalLayout): string => join(directory, 'leaving.json');

/** Asks the own gateway, and keeps what it says for when it runs no more. */
export async function recordLedger(
  { own }: Pick<Hospital, 'own'>,
  layout: HospitalLayout,
  { ask, now }: { readonly ask: AskLedger; readonly now: Date },
): Promise<LedgerRecord> {
  const { mspId } = own;
  const member = (await ask(ledgerPath('member:get', { mspId }))) as { left?: { leftAt: string } };
  const openConsents: string[] = [];
  let bookmark: string | undefined;
  do {
    const query = bookmark === undefined ? '' : `?${new URLSearchParams({ bookmark })}`;
    const page = (await ask(`${ledgerPath('study:listOpenConsents', { mspId })}${query}`)) as OpenConsents;
    openConsents.push(...page.items.map(({ studyId, datasetId }) => `${datasetId} in ${studyId}`));
    bookmark = page.bookmark;
  } while (bookmark);
  const record = { leftAt: member.left?.leftAt ?? null, openConsents, askedAt: now.toISOString() };
  writeWhole(recordFile(layout), `${JSON.stringify(record, null, 2)}\n`, 0o600);
  return record;
}

interface OpenConsents {
  readonly items: readonly { readonly studyId: string; readonly datasetId: string }[];
  readonly bookmark?: string;
}

/** The last one; undefined where the gateway was never asked. */
export const recordedLedger = (layout: HospitalLayout): LedgerRecord | undefined =>
  existsSync(recordFile(layout))
    ? (JSON.parse(readFileSync(recordFile(layout), 'utf8')) as LedgerRecord)
    : undefined;

/** What is owed, by what is known; and what would be kept and deleted. */
export function leavingOf(
  { own }: Pick<Hospital, 'own'>,
  layout: HospitalLayout,
  known: {
    readonly record: LedgerRecord | undefined;
    readonly peers: readonly PeerAnswer[];
    readonly isRunning: boolean;
  },
): Leaving {
  return { owed: [...owedTo(known)], ...partsOf(layout, own) };
}

function* owedTo({ record, peers, isRunning }: Parameters<typeof leavingOf>[2]): Generator<string> {
  if (record === undefined) {
    yield 'what the ledger says is not known: run `hospital leave` while the gateway runs';
  } else {
    if (record.leftAt === null) {
      yield 'the ledger has this organisation as a member: its operator leaves by POST /v1/members/leave';
    }
    if (record.openConsents.length > 0) {
      yield `not settled: ${record.openConsents.join(', ')}. The trainer settles them while it runs; then run this again`;
    }
  }
  const answering = peers.filter(({ answer }) => answer === 'answers').map(({ mspId }) => mspId);
  const refusing = peers.filter(({ answer }) => answer === 'refuses');
  if (answering.length > 0) {
    yield `in the channel by what ${answering.join(', ')} still answers: the others propose remove-orderer, then ` +
      'remove-organisation';
  } else if (refusing.length <= peers.length / 2) {
    yield `only ${refusing.length} of ${peers.length} other peers refuse this organisation: ask again until most do`;
  }
  if (isRunning) yield 'its processes run: `hospital down`';
}

function partsOf(layout: HospitalLayout, own: Hospital['own']) {
  const { directory, ipfsRepo, exchangeKey, connection } = layout;
  const organisation = organisationDirOf(directory, own.mspId);
  const there = (parts: readonly Kept[]) => parts.filter(({ path }) => existsSync(path));
  return {
    deletes: there([
      { path: join(organisation, 'nodes'), why: 'keys of orderer, peer, chaincode and links' },
      { path: join(organisation, 'users'), why: 'keys of the administrator and of each role' },
      { path: join(directory, 'replaced'), why: 'former keys of the orderer' },
      ...formerIdentities(layout).map((path) => ({ path, why: 'the former key of who was revoked' })),
      { path: join(directory, 'compose'), why: 'keys of the services, for Docker Compose' },
      { path: exchangeKey, why: 'the key to which others sealed' },
      { path: ipfsRepo, why: "the swarm's key, and copies of sealed artefacts that the members hold" },
      { path: join(directory, 'fabric/orderer'), why: 'the same blocks as the peer has' },
      { path: join(directory, 'fabric/peer1'), why: 'the same blocks as the first peer has' },
      { path: join(directory, own.name, 'keys.json'), why: 'API keys of the gateway' },
      { path: connection, why: 'where the others are' },
      { path: join(directory, 'links.json'), why: 'where the others are' },
    ]),
    keeps: there([
      {
        path: join(directory, own.name),
        why: 'salts, register of patients, journal and private keys of the trainer',
      },
      {
        path: join(directory, 'fabric/peer'),
        why: 'the ledger until then: evidence of what this hospital did',
      },
      { path: join(directory, 'fabric/channel'), why: 'the first block, from which evidence is checked' },
      { path: join(directory, 'definitions'), why: 'who the others were' },
      { path: join(directory, 'ca'), why: 'the authorities: to come back, or to revoke' },
    ]),
  };
}

/** Deletes. @throws InputError where something is owed, or another organisation is named */
export function deleteKeys(
  { own }: Pick<Hospital, 'own'>,
  { owed, deletes }: Leaving,
  confirm: string,
): readonly string[] {
  if (confirm !== own.mspId) {
    throw new InputError(`--confirm is ${confirm}: write ${own.mspId} to delete its keys`);
  }
  if (owed.length > 0) throw new InputError(owed.map((text) => ({ field: 'owed', text })));
  for (const { path } of deletes) rmSync(path, { recursive: true, force: true });
  return deletes.map(({ path }) => path);
}
