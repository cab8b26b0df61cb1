// Puts an organisation back from its backup, on whatever host: everything is read and compared before a byte is
// written, and what is written lies in a draft until it is whole. A folder with a draft starts nothing.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { chmod, chown, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { type DirectoryLock, lockDirectory } from '../../directory-lock.ts';
import { accepts } from '../../readiness.ts';
import { portsOf } from '../agreed-consortium.ts';
import type { Hospital } from '../hospital-file.ts';
import type { HospitalLayout } from '../hospital-layout.ts';
import { RESTORE_DRAFT } from './backup-contents.ts';
import { assertOwn, type Manifest } from './backup-manifest.ts';
import type { ArchiveEntry } from './folder-archive.ts';
import { freeBytes, progressOf, sizeText } from './free-space.ts';
import { assertPinned } from './pinned-blocks.ts';
import { type BackupSink, inspectBackup, readBackup } from './read-backup.ts';
import { giveStudyKeys, trainerFolder } from './study-keys.ts';
import { studyKeysFileOf } from './write-backup.ts';

export interface RestoreWanted {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly kubo: string;
  readonly passphrase: string;
  readonly file: string;
  /** Of the same backup; beside it where absent. */
  readonly studyKeysFile?: string | undefined;
  readonly report: (line: string) => void;
  /** Bytes that are free at a folder; asked of the system where absent. */
  readonly free?: (folder: string) => number;
}

export interface Restored {
  readonly manifest: Manifest;
  /** Keys for studies that were put back; undefined where their file was not there. */
  readonly studyKeys: number | undefined;
  /** What whoever restores has to know, a sentence each. */
  readonly notes: readonly string[];
}

/** @throws InputError where a restore was begun in the folder and not finished. */
export function assertNotHalfRestored({ directory }: Pick<HospitalLayout, 'directory'>): void {
  if (!existsSync(join(directory, RESTORE_DRAFT))) return;
  throw new InputError(
    `${directory} is restored by half: run \`hospital restore\` again, which begins from the start`,
  );
}

/**
 * Writes nothing before the whole backup was read and is this organisation's.
 *
 * @throws InputError with a sentence for each reason; DirectoryLockedError where another restore runs
 */
export async function restoreBackup(wanted: RestoreWanted): Promise<Restored> {
  const { hospital, layout, file, passphrase, report } = wanted;
  const { directory } = layout;
  assertEmpty(directory);
  const { manifest, pins } = await inspectBackup(file, passphrase);
  if (manifest.holds !== 'organisation')
    throw new InputError(`${file} has keys for studies alone: name the backup`);
  assertOwn(manifest, hospital, file);
  const studyKeys = await studyKeysFor(wanted, manifest);
  assertRoom(wanted, manifest);
  await assertNobodyAnswers(hospital);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory);
  try {
    const draft = beginDraft(directory);
    const sink = writeInto(draft, progressOf('restored', manifest.bytes, report));
    const again = await readBackup(file, { passphrase, sink }).finally(() => sink.close());
    if (again.manifest.id !== manifest.id) throw new InputError(`${file} was changed while it was restored`);
    await assertPinned({ kubo: wanted.kubo, repo: join(draft, 'ipfs') }, pins);
    const folder = trainerFolder(draft, hospital.own.name);
    const taken = studyKeys && (await giveStudyKeys(folder, studyKeys));
    studyKeys?.fill(0);
    adopt(directory, draft);
    return { manifest, studyKeys: taken, notes: notesOf(wanted, { manifest, taken }) };
  } finally {
    release(lock, directory);
  }
}

/** Children that a folder may have which nobody uses yet. */
const OWN_TRACES = new Set(['lock', 'lock-journal', RESTORE_DRAFT]);

/** A restore that was broken off may be begun again: nothing of that folder was ever used. */
function assertEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  const names = readdirSync(directory);
  if (names.includes(RESTORE_DRAFT)) return;
  const others = names.filter((name) => !OWN_TRACES.has(name));
  if (others.length === 0) return;
  throw new InputError(
    `${directory} is not empty (${others.slice(0, 3).join(', ')}): move what is there away, and keep it until the ` +
      'restored organisation runs',
  );
}

async function studyKeysFor(
  { file, studyKeysFile: named, passphrase }: RestoreWanted,
  manifest: Manifest,
): Promise<Buffer | undefined> {
  const path = named ?? studyKeysFileOf(file);
  if (named === undefined && !existsSync(path)) return undefined;
  const { manifest: other, studyKeys } = await inspectBackup(path, passphrase);
  if (studyKeys === undefined) throw new InputError(`${path} has no keys for studies`);
  if (other.id !== manifest.id) {
    throw new InputError(
      `${path} is of another backup (${other.madeAt}) than ${file} (${manifest.madeAt}): name that of the same, or ` +
        'move it away to restore without keys for studies',
    );
  }
  return studyKeys;
}

function assertRoom(
  { layout: { directory }, free = freeBytes }: RestoreWanted,
  { bytes, files }: Manifest,
): void {
  let place = directory;
  while (!existsSync(place)) place = join(place, '..');
  const needed = bytes + files * 4096;
  const room = free(place);
  if (room >= needed) return;
  throw new InputError(
    `${place} has ${sizeText(room)} free, and the backup takes ${sizeText(needed)}: make room`,
  );
}

/** Two that run under one identity would vote, endorse and draw twice. */
async function assertNobodyAnswers({ own }: Hospital): Promise<void> {
  const answering = await answeringNode(own);
  if (answering === undefined) return;
  throw new InputError(
    `${answering}: stop it for good before another is restored, since two under one identity would vote and draw twice`,
  );
}

/** What answers as one of the own nodes, in words; undefined where nothing does. */
export async function answeringNode(own: Hospital['own']): Promise<string | undefined> {
  const { peer, peer1, orderer } = portsOf(own);
  for (const [name, port] of [
    ['orderer', orderer],
    ['peer', peer],
    ...(peer1 === undefined ? [] : [['second peer', peer1] as const]),
  ] as const) {
    if (await accepts(port, own.host).catch(() => false))
      return `the ${name} of ${own.mspId} answers at ${own.host}:${port}`;
  }
  return undefined;
}

function beginDraft(directory: string): string {
  const draft = join(directory, RESTORE_DRAFT);
  if (existsSync(draft)) {
    for (const name of readdirSync(directory)) {
      if (name !== 'lock' && name !== 'lock-journal') rmSync(join(directory, name), { recursive: true });
    }
  }
  mkdirSync(draft, { mode: 0o700 });
  return draft;
}

/** Each file is on disk when the next one begins. Owners are kept where root restores; otherwise all is the user's. */
function writeInto(
  draft: string,
  progress: (bytes: number) => void,
): BackupSink & { close(): Promise<void> } {
  const isRoot = process.getuid?.() === 0;
  let current: FileHandle | undefined;
  const close = async () => {
    const handle = current;
    current = undefined;
    await handle?.close();
  };
  const end = async () => {
    await current?.sync();
    await close();
  };
  return {
    close,
    end,
    async begin({ name, kind, mode, user, group }: ArchiveEntry) {
      await end();
      const path = join(draft, name);
      if (kind === 'folder') {
        await mkdir(path, { mode: 0o700 });
        await chmod(path, mode | 0o700);
        if (isRoot) await chown(path, user, group);
        return;
      }
      current = await open(path, 'wx', 0o600);
      await current.chmod(mode);
      if (isRoot) await current.chown(user, group);
    },
    async write(bytes) {
      progress(bytes.length);
      await current!.writeFile(bytes);
    },
  };
}

/** The draft goes last: as long as it is there, the folder counts as half restored. */
function adopt(directory: string, draft: string): void {
  for (const name of readdirSync(draft)) renameSync(join(draft, name), join(directory, name));
  synchronise(directory);
  rmSync(draft, { recursive: true });
  synchronise(directory);
}

function synchronise(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function release(lock: DirectoryLock, directory: string): void {
  lock.release();
  rmSync(join(directory, 'lock-journal'), { force: true });
}

function notesOf(
  { hospital: { digest, consortium }, layout: { directory } }: RestoreWanted,
  { manifest, taken }: { readonly manifest: Manifest; readonly taken: number | undefined },
): string[] {
  const { consortiumSha256, folder, dataFolders } = manifest;
  return [
    'The host that this organisation had must never start again.',
    ...(consortiumSha256 === digest
      ? []
      : [
          `The backup was made under another consortium.yaml (${consortiumSha256}): check that yours is agreed.`,
        ]),
    ...(folder === directory
      ? []
      : [`It was at ${folder}: files of patients that datasets name below it have to be checked again.`]),
    ...dataFolders.map((one) => `Put the files of patients back into ${one}: the backup does not have them.`),
    ...(taken === undefined
      ? ['There was no file with keys for studies: the trainer draws nothing for studies that have its keys.']
      : []),
    ...(consortium.ordering.kind === 'raft'
      ? [
          'Start it while all other orderers run: Raft trusts this one to remember what it wrote, and it does not.',
        ]
      : []),
    `Then: record withdrawals of patients since ${manifest.madeAt} again, as the ledger does not know them.`,
  ];
}
