// The files in the trainer's own folder: salted ids of blocks, and copies of revisions' files. Each is written whole
// and never again, and goes when nothing names it.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { revisionOf } from '@consilium/domain';
import type { BlockMembers } from '../data/find-people.ts';
import { patientsDigest } from '../data/salted-ids.ts';
import { listOpenStudies } from '../study/own-studies.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

type Context = Pick<TrainerContext, 'journal' | 'ledger' | 'mspId' | 'log'>;

/** Writes the sorted salted ids of a block, durably. @returns their digest, which names the file */
export function writeBlockFile(journal: Context['journal'], sortedIds: Uint8Array): string {
  const patientsSha256 = patientsDigest(sortedIds);
  journal.filesAtWork.add(`${patientsSha256}.ids`);
  const file = openSync(journal.blockPath(patientsSha256), 'w', 0o600);
  try {
    for (let done = 0; done < sortedIds.length; ) done += writeSync(file, sortedIds, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const folder = openSync(journal.peopleDirectory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return patientsSha256;
}

/** All patients of a block. */
export function everyone({
  block,
  patients,
}: {
  readonly block: number;
  readonly patients: number;
}): BlockMembers {
  const members = new Uint8Array(Math.ceil(patients / 8)).fill(0xff);
  if (patients % 8 > 0) members[members.length - 1] = (1 << (patients % 8)) - 1;
  return { block, patients, members };
}

/**
 * Removes what nothing needs: copies of revisions that are neither prepared, present, nor named by a consent that is
 * not settled; and files that nothing names.
 */
export async function removeUnused(context: Context): Promise<void> {
  const { journal } = context;
  const needed = await consentedRevisions(context);
  for (const revision of journal.revisions()) {
    const { datasetId, revision: number, copy, state, path } = revision;
    if (copy === undefined || state === 'pending') continue;
    if (journal.presentRevision(datasetId)?.revision === number) continue;
    if (needed === undefined || needed.has(`${datasetId} ${number}`)) continue;
    journal.moveRevision(revision, { copy: undefined, path });
  }
  await removeUnnamed(journal);
}

/** Removes files that no row and nobody at work names. */
export async function removeUnnamed(journal: Context['journal']): Promise<void> {
  await removeOthers(journal.copiesDirectory, () => [
    ...journal.revisions().flatMap(({ copy }) => copy ?? []),
    ...journal.filesAtWork,
  ]);
  await removeOthers(journal.peopleDirectory, () => {
    const blocks = [
      ...journal.populations().flatMap((populationId) => journal.blocks(populationId)),
      ...journal.revisions().flatMap(({ newBlock }) => newBlock ?? []),
    ];
    return [...blocks.map(({ patientsSha256 }) => `${patientsSha256}.ids`), ...journal.filesAtWork];
  });
}

/** `dataset revision` of every consent of this hospital that is not settled; undefined where that is not known. */
async function consentedRevisions(context: Context): Promise<ReadonlySet<string> | undefined> {
  const { ledger, mspId } = context;
  const studies = await listOpenStudies(context);
  if (studies === undefined) return undefined;
  const needed = new Set<string>();
  for (const studyId of studies) {
    for (const consent of await ledger.listConsents(studyId)) {
      if (consent.owner !== mspId || consent.state === 'settled') continue;
      needed.add(`${consent.datasetId} ${revisionOf(consent)}`);
    }
  }
  return needed;
}

/** What is needed is asked behind the listing, and nobody else has a turn before the files are gone. */
async function removeOthers(folder: string, listNeeded: () => readonly string[]): Promise<void> {
  const names = await readdir(folder);
  const needed = new Set(listNeeded());
  for (const name of names) if (!needed.has(name)) rmSync(join(folder, name), { force: true });
}
