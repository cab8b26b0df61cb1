// How a hospital takes up another consortium.yaml while its channel goes on: it keeps the definitions of newcomers,
// gives them what they need to join, and forgets those who are gone.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import { configurationOf } from '@consilium/verify/channel';
import { writeWhole } from '../state-file.ts';
import { type AgreedChange, agreedChanges, keepAgreed, keptAgreed, refuseChanges } from './agreed-changes.ts';
import {
  type BelievedDefinition,
  keepDefinition,
  readDefinition,
  refuseSharedPeerIds,
} from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { definitionFile, genesisFile, putIntoMailbox, sealedKeyFile } from './mailbox.ts';
import { sendSwarmKey } from './swarm-key-travel.ts';

export interface TakenUp {
  /** Against the file that was taken up before; undefined where none was kept. */
  readonly changes: readonly AgreedChange[] | undefined;
  /** MSP ids of those whose definitions were taken up now. */
  readonly newcomers: readonly string[];
  /** MSP ids of those that are known here no more. */
  readonly forgotten: readonly string[];
}

/**
 * Takes it up. Safe to repeat: a newcomer's sealed key and the first block are put into the mailbox each time.
 *
 * @throws InputError with every change that no file can make, or a newcomer's definition that is missing or not
 * believed; nothing is changed then
 */
export function takeUp(hospital: Hospital, layout: HospitalLayout): TakenUp {
  const { consortium, own, file } = hospital;
  const block = ownGenesis(hospital, layout);
  const before = keptAgreed(layout);
  const changes = before && agreedChanges(before, consortium);
  refuseChanges(changes ?? []);
  const folder = join(layout.directory, 'definitions');
  const others = consortium.organisations.filter(({ mspId }) => mspId !== own.mspId);
  const isNew = ({ mspId }: { readonly mspId: string }) => !existsSync(definitionFile(folder, mspId));
  const read = (one: (typeof others)[number]): BelievedDefinition =>
    isNew(one)
      ? readDefinition(one, definitionFile(file.mailbox, one.mspId), new Date())
      : readDefinition(one, definitionFile(folder, one.mspId));
  const definitions = others.map(read);
  const taken = definitions.filter(isNew);
  refuseSharedPeerIds(definitions);
  for (const definition of taken) {
    keepDefinition(definition, layout.directory);
    writeWhole(definitionFile(folder, definition.mspId), definition.signedText);
  }
  const founders = new Set(configurationOf(block).mspIds);
  const later = definitions.filter(({ mspId }) => !founders.has(mspId));
  for (const to of later) {
    sendSwarmKey(layout, { to, file: sealedKeyFile(file.mailbox, to.mspId, own.mspId) });
  }
  if (later.length > 0) putIntoMailbox(genesisFile(file.mailbox, own.mspId), block);
  const forgotten = forget(hospital, layout);
  keepAgreed(hospital, layout);
  return { changes, newcomers: taken.map(({ mspId }) => mspId), forgotten };
}

function ownGenesis({ consortium }: Hospital, { fabric: { genesisBlock } }: HospitalLayout): Uint8Array {
  if (!existsSync(genesisBlock)) {
    throw new InputError(
      'there is no channel yet: run `hospital found`, or `hospital join` where others have one',
    );
  }
  const block = readFileSync(genesisBlock);
  const digest = genesisDigest(block);
  if (consortium.genesis === undefined || consortium.genesis === digest) return block;
  throw new InputError(
    `this host has a channel with the genesis ${digest}, and consortium.yaml has ${consortium.genesis}`,
  );
}

/** What is kept of the public half of those whom the file names no more. */
function forget({ consortium }: Hospital, { directory }: HospitalLayout): string[] {
  const known = new Set(consortium.organisations.map(({ mspId }) => mspId));
  const folder = join(directory, 'definitions');
  const gone = readdirSync(folder)
    .map((name) => /^definition-(.+)\.json$/.exec(name)?.[1])
    .filter((mspId) => mspId !== undefined && !known.has(mspId)) as string[];
  for (const mspId of gone) {
    rmSync(organisationDirOf(directory, mspId), { recursive: true, force: true });
    rmSync(definitionFile(folder, mspId));
  }
  return gone;
}
