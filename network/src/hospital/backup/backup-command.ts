// `consilium-network hospital backup` and `restore`: stops, copies and starts again; and the way back.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { InputError, required, UsageError } from '@consilium/command-line';
import { findKubo, MissingBinariesError } from '../../native/binaries.ts';
import { consortiumStatus } from '../../status.ts';
import { stopConsortium } from '../../stop.ts';
import type { Hospital } from '../hospital-file.ts';
import type { HospitalLayout } from '../hospital-layout.ts';
import { sizeText } from './free-space.ts';
import { readPassphrase } from './passphrase.ts';
import { answeringNode, restoreBackup } from './restore-backup.ts';
import { assertMayBeAway } from './restored-orderer.ts';
import { backupName, studyKeysFileOf, writeBackup } from './write-backup.ts';

export const BACKUP_HELP = `  consilium-network hospital backup  --hospital FILE --to FOLDER [--passphrase-file FILE]
                                     [--json]
      Stops this organisation, copies it under a passphrase into two files in FOLDER, starts it again if it ran, and
      reads the files back. Asks for the passphrase where no file has it. The small file has the keys for studies: it
      takes the place of older ones, since keys in those may have been destroyed.
  consilium-network hospital restore --hospital FILE --from FILE [--study-keys FILE] [--passphrase-file FILE]
                                     [--json]
      Reads a backup, and if all of it is whole and this organisation's, puts it into the empty folder of hospital.yaml,
      on this host or another. Starts nothing.
`;

export interface BackupPlace {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly report: (line: string) => void;
}

export interface BackupValues {
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly 'study-keys'?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
}

export interface Answer {
  readonly content: object;
  readonly lines: readonly string[];
}

const kuboOf = (): string => {
  const kubo = findKubo();
  if (kubo === undefined) throw new MissingBinariesError(['ipfs (Kubo; IPFS_BIN or PATH)']);
  return kubo;
};

/** @param start what `hospital up` does */
export async function backUp(
  { hospital, layout, report }: BackupPlace,
  values: BackupValues,
  start: () => Promise<unknown>,
): Promise<Answer> {
  const folder = resolve(required(values.to, 'to'));
  assertOutside(folder, layout);
  const kubo = kuboOf();
  const passphrase = await readPassphrase({ file: values['passphrase-file'], isNew: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, backupName(hospital.own.name, new Date()));
  const { state } = consortiumStatus(layout.directory);
  if (state === 'starting' || state === 'stopping')
    throw new InputError(`it is ${state}: wait until it is done`);
  if (state === 'running') await assertMayBeAway(hospital);
  if (state === 'stopped') await assertNobodyElseRuns(hospital);
  const stoppedAt = Date.now();
  if (state !== 'stopped') {
    report('Stopping it');
    await stopConsortium(layout.directory);
  }
  const writing = writeBackup({ hospital, layout, kubo, passphrase, file, report });
  const { draft, failure } = await startAfter(writing, state === 'running' ? start : () => Promise.resolve());
  const stoppedSeconds = state === 'running' ? Math.round((Date.now() - stoppedAt) / 1000) : 0;
  report('Reading the backup back');
  const { studyKeysFile, removed } = await draft.finish();
  if (failure !== undefined) {
    const why = `the backup ${file} is whole, but the organisation did not start again: ${failure.message}`;
    throw new Error(why, { cause: failure });
  }
  const { files, bytes, pins, dataFolders } = draft.manifest;
  return {
    content: {
      file,
      studyKeysFile,
      removed,
      files,
      bytes,
      pins,
      dataFolders,
      links: draft.links,
      stoppedSeconds,
    },
    lines: [
      `${file}: ${files} files, ${sizeText(bytes)}, ${pins} pins`,
      `${studyKeysFile}: the keys for studies. Keep the newest of these alone, and destroy it after a withdrawal.`,
      ...removed.map((path) => `Removed ${path}.`),
      ...[...dataFolders, ...draft.links].map((path) => `Not in the backup: ${path}`),
      ...(state === 'running' ? [`It did not run for ${stoppedSeconds} s.`] : []),
      'Take both files off this host. Without the passphrase they cannot be opened by anybody.',
    ],
  };
}

/** Starts again whatever becomes of the copy, and keeps the copy whatever becomes of the start. */
export async function startAfter<T>(
  writing: Promise<T>,
  start: () => Promise<unknown>,
): Promise<{ readonly draft: T; readonly failure: Error | undefined }> {
  const [written] = await Promise.allSettled([writing]);
  const [started] = await Promise.allSettled([start()]);
  if (written.status === 'rejected') throw written.reason;
  return {
    draft: written.value,
    failure: started.status === 'rejected' ? (started.reason as Error) : undefined,
  };
}

/** A copy of files that somebody writes is of no one moment. */
export async function assertNobodyElseRuns({ own }: Pick<Hospital, 'own'>): Promise<void> {
  const answering = await answeringNode(own);
  if (answering === undefined) return;
  throw new InputError(
    `${answering}, and was not started by \`hospital up\`: stop whatever runs it, such as Docker Compose, first`,
  );
}

/** A backup within what is backed up would be lost with it, and grow. */
function assertOutside(folder: string, { directory }: HospitalLayout): void {
  if (!`${folder}/`.startsWith(`${directory}/`)) return;
  throw new UsageError(`--to ${folder} is within the organisation's own folder: choose one on another disk`);
}

export async function restore(
  { hospital, layout, report }: BackupPlace,
  values: BackupValues,
): Promise<Answer> {
  const file = resolve(required(values.from, 'from'));
  if (existsSync(file) && statSync(file).isDirectory())
    throw new UsageError(`--from ${file} is a folder: name a file`);
  const named = values['study-keys'];
  const passphrase = await readPassphrase({ file: values['passphrase-file'], isNew: false });
  const restored = await restoreBackup({
    ...{ hospital, layout, passphrase, file, report, kubo: kuboOf() },
    studyKeysFile: named === undefined ? undefined : resolve(named),
  });
  const { manifest, studyKeys, notes } = restored;
  const { files, bytes, pins, madeAt, genesisSha256 } = manifest;
  const keys =
    studyKeys === undefined
      ? []
      : [`${basename(named ?? studyKeysFileOf(file))}: ${studyKeys} keys for studies`];
  return {
    content: { files, bytes, pins, madeAt, genesisSha256, studyKeys: studyKeys ?? null, notes },
    lines: [
      `Restored ${files} files, ${sizeText(bytes)} and ${pins} pins of ${madeAt}`,
      ...keys,
      ...(genesisSha256 === null
        ? []
        : [`genesis ${genesisSha256}: compare it with the other organisations`]),
      ...notes,
      'Then start it with `hospital up`.',
    ],
  };
}
