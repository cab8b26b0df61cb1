// Writes the backup of one organisation that is stopped: a file with all but the private keys for studies, and a small
// one with those. Both are written beside their places, read back, and only then put there.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { lockDirectory } from '../../directory-lock.ts';
import { genesisSha256Of } from '../../genesis-digest.ts';
import type { Hospital } from '../hospital-file.ts';
import type { HospitalLayout } from '../hospital-layout.ts';
import { encrypt } from './age-file.ts';
import { BACKUP_DRAFT, type Listed, listPlace } from './backup-contents.ts';
import { MANIFEST, type Manifest, newManifest, PINS, PLACE, STUDY_KEYS } from './backup-manifest.ts';
import { type ArchivedFile, writeArchive } from './folder-archive.ts';
import { freeBytes, progressOf, sizeText } from './free-space.ts';
import { listPinned, pinnedBlocks } from './pinned-blocks.ts';
import { inspectBackup } from './read-backup.ts';
import { copyJournal, trainerFolder } from './study-keys.ts';

const READ_BYTES = 256 * 1024;
const ENDING = '.backup.age';
const KEYS_ENDING = '.study-keys.age';

export interface BackupWanted {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly kubo: string;
  readonly passphrase: string;
  /** Of the backup; nothing may be there yet. */
  readonly file: string;
  readonly report: (line: string) => void;
  /** For tests. */
  readonly workFactor?: number;
  /** Bytes that are free at a folder; asked of the system where absent. */
  readonly free?: (folder: string) => number;
}

/** What was written, and is not in its place before it was read back. */
export interface BackupDraft {
  readonly manifest: Manifest;
  /** Links to files of patients, which are not in the backup. */
  readonly links: readonly string[];
  /** @throws InputError where it is not what was written; then nothing is left of it */
  finish(): Promise<BackupFiles>;
  discard(): void;
}

export interface BackupFiles {
  readonly file: string;
  readonly studyKeysFile: string;
  /** Of older backups beside it: their keys may have been destroyed since. */
  readonly removed: readonly string[];
}

/** A name that sorts by time, such as `aldermoor-20261101T120000Z.backup.age`. */
export const backupName = (organisation: string, at: Date): string =>
  `${organisation}-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z${ENDING}`;

/** Where the keys for studies of a backup are. */
export const studyKeysFileOf = (file: string): string =>
  file.endsWith(ENDING) ? `${file.slice(0, -ENDING.length)}${KEYS_ENDING}` : `${file}${KEYS_ENDING}`;

/**
 * Reads the whole folder of a stopped organisation.
 *
 * @throws InputError where something is there already, there is no room, or a file changes meanwhile;
 *   DirectoryLockedError where something starts in the folder. Nothing is left of it then.
 */
export async function writeBackup(wanted: BackupWanted): Promise<BackupDraft> {
  const { layout, file } = wanted;
  const studyKeysFile = studyKeysFileOf(file);
  for (const path of [file, studyKeysFile]) refuseExisting(path);
  const lock = lockDirectory(layout.directory);
  const draft = join(layout.directory, BACKUP_DRAFT);
  const suffix = `.${randomBytes(6).toString('hex')}.partial`;
  const partial = { file: file + suffix, studyKeysFile: studyKeysFile + suffix };
  const discard = () => {
    for (const path of Object.values(partial)) rmSync(path, { force: true });
  };
  try {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    const { manifest, links } = await write(wanted, { draft, partial });
    return {
      manifest,
      links,
      discard,
      finish: () => finish(wanted, { partial, studyKeysFile, manifest }).finally(discard),
    };
  } catch (error) {
    discard();
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
    lock.release();
  }
}

function refuseExisting(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new InputError(`${path} is there already: a backup is never written over another`);
}

interface Partial {
  readonly file: string;
  readonly studyKeysFile: string;
}

async function write(
  wanted: BackupWanted,
  { draft, partial }: { readonly draft: string; readonly partial: Partial },
): Promise<{ manifest: Manifest; links: readonly string[] }> {
  const { hospital, layout, kubo, report, passphrase, workFactor } = wanted;
  const { own, consortium, file: ownFile } = hospital;
  const node = { kubo, repo: layout.ipfsRepo };
  const journalCopy = join(draft, 'journal.sqlite');
  const studyKeys = await copyJournal(trainerFolder(layout.directory, own.name), journalCopy);
  const pins = await listPinned(node);
  const { entries, links } = listPlace(layout.directory, {
    organisation: own.name,
    pinned: await pinnedBlocks(node),
  });
  if (entries.length === 0) throw new InputError(`${layout.directory} is empty: there is nothing to back up`);
  const all =
    studyKeys === undefined ? entries : withJournal(entries, { organisation: own.name, journalCopy });
  const files = all.filter(({ kind }) => kind === 'file');
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const manifest = newManifest({
    id: randomBytes(16).toString('hex'),
    holds: 'organisation',
    madeAt: new Date().toISOString(),
    mspId: own.mspId,
    organisation: own.name,
    channel: consortium.channel,
    consortiumSha256: hospital.digest,
    genesisSha256: genesisSha256Of(layout.directory),
    roots: own.roots ?? null,
    folder: layout.directory,
    dataFolders: ownFile.dataFolders ?? [],
    files: files.length,
    bytes,
    pins: pins.length,
  });
  const folder = dirname(partial.file);
  const needed = bytes + all.length * 1024;
  const free = (wanted.free ?? freeBytes)(folder);
  if (free < needed) {
    throw new InputError(
      `${folder} has ${sizeText(free)} free, and the backup takes ${sizeText(needed)}: make room`,
    );
  }
  const progress = progressOf('copied', bytes, report);
  await writeFile(
    partial.file,
    encrypt(writeArchive(contents(manifest, pins, all, progress)), passphrase, workFactor),
  );
  const keys = studyKeys ?? Buffer.from('[]');
  const apart = { ...manifest, holds: 'study keys' as const, files: 1, bytes: keys.length, pins: 0 };
  const small = [inMemory(MANIFEST, JSON.stringify(apart)), inMemory(STUDY_KEYS, keys)];
  await writeFile(partial.studyKeysFile, encrypt(writeArchive(small), passphrase, workFactor));
  keys.fill(0);
  return { manifest, links };
}

/** The trainer's journal is in its place, from the copy, with the mode of a secret. */
function withJournal(
  entries: readonly Listed[],
  { organisation, journalCopy }: { readonly organisation: string; readonly journalCopy: string },
): Listed[] {
  const name = `${organisation}/trainer/journal.sqlite`;
  const { size, uid, gid } = statSync(journalCopy);
  const listed: Listed = {
    ...{ name, path: journalCopy, kind: 'file', mode: 0o600 },
    ...{ user: uid, group: gid, sizeBytes: size },
  };
  return [...entries, listed];
}

const inMemory = (name: string, content: string | Uint8Array): ArchivedFile => {
  const bytes = Buffer.from(content);
  const { user, group } = self();
  return { name, kind: 'file', mode: 0o600, user, group, sizeBytes: bytes.length, content: [bytes] };
};
const self = () => ({ user: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 });

function* contents(
  manifest: Manifest,
  pins: readonly string[],
  entries: readonly Listed[],
  progress: (bytes: number) => void,
): Generator<ArchivedFile> {
  yield inMemory(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
  yield inMemory(PINS, pins.map((cid) => `${cid}\n`).join(''));
  yield { name: PLACE, kind: 'folder', mode: 0o700, ...self(), sizeBytes: 0, content: [] };
  for (const { path, ...entry } of entries) {
    const content = entry.kind === 'folder' ? [] : contentOf(path, progress);
    yield { ...entry, name: `${PLACE}/${entry.name}`, content };
  }
}

async function* contentOf(path: string, progress: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES);
      if (bytesRead === 0) return;
      progress(bytesRead);
      yield Buffer.from(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** On disk when it resolves. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const part of bytes) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function finish(
  { hospital, passphrase, file }: BackupWanted,
  {
    partial,
    studyKeysFile,
    manifest,
  }: { readonly partial: Partial; readonly studyKeysFile: string; readonly manifest: Manifest },
): Promise<BackupFiles> {
  for (const [path, holds] of [
    [partial.file, 'organisation'],
    [partial.studyKeysFile, 'study keys'],
  ] as const) {
    const read = await inspectBackup(path, passphrase);
    if (read.manifest.id !== manifest.id || read.manifest.holds !== holds) {
      throw new InputError(`${path} is not what was written: the disk may be failing`);
    }
  }
  for (const path of [file, studyKeysFile]) refuseExisting(path);
  renameSync(partial.studyKeysFile, studyKeysFile);
  renameSync(partial.file, file);
  synchronise(dirname(file));
  return { file, studyKeysFile, removed: removeOlderKeys(studyKeysFile, hospital.own.name) };
}

function removeOlderKeys(newest: string, organisation: string): string[] {
  const folder = dirname(newest);
  // A link there, whoever made it, leads to what is no backup.
  const older = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) =>
      entry.isFile() &&
      entry.name.startsWith(`${organisation}-`) &&
      /^[0-9]{8}T[0-9]{6}Z[.]study-keys[.]age$/.test(entry.name.slice(organisation.length + 1)) &&
      entry.name < basename(newest),
  );
  const paths = older.map(({ name }) => join(folder, name));
  for (const path of paths) overwriteAndRemove(path);
  return paths;
}

/** Where the file system writes in place, nothing is left of it. */
function overwriteAndRemove(path: string): void {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const { size } = statSync(path);
    writeSync(descriptor, Buffer.alloc(size));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  rmSync(path);
}

function synchronise(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
