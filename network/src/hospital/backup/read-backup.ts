// Reads a backup from its first byte to its last, and gives what is in it to whoever wants it. What is wrong with a
// file is said before anybody has written anything: a restore reads it once for that alone.
import { open } from 'node:fs/promises';
import { InputError } from '@consilium/command-line';
import { decrypt } from './age-file.ts';
import { MANIFEST, type Manifest, PINS, PLACE, parseManifest, STUDY_KEYS } from './backup-manifest.ts';
import { type ArchiveEntry, readArchive } from './folder-archive.ts';

/** What one entry of our own may have. */
const SMALL_MAX_BYTES = 64 * 1024 * 1024;

export interface BackupSink {
  /** A folder or file below the organisation's folder; what came before is whole then. */
  begin(entry: ArchiveEntry): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  /** After the last one. */
  end(): Promise<void>;
}

const NOTHING: BackupSink = {
  begin: () => Promise.resolve(),
  write: () => Promise.resolve(),
  end: () => Promise.resolve(),
};

export interface InspectedBackup {
  readonly manifest: Manifest;
  readonly pins: readonly string[];
  /** JSON; undefined in a file of an organisation. */
  readonly studyKeys: Buffer | undefined;
}

/** @throws InputError with a sentence for whatever is wrong with the file, or with its passphrase */
export const inspectBackup = (file: string, passphrase: string): Promise<InspectedBackup> =>
  readBackup(file, { passphrase, sink: NOTHING });

/** The same, while it is given to a sink, which is believed when this has returned. */
export async function readBackup(
  file: string,
  { passphrase, sink }: { readonly passphrase: string; readonly sink: BackupSink },
): Promise<InspectedBackup> {
  const handle = await open(file, 'r').catch((cause: Error) => {
    throw new InputError(`${file} cannot be read: ${cause.message}`, { cause });
  });
  try {
    return await readAll(readArchive(decrypt({ handle, name: file }, passphrase)), { file, sink });
  } catch (error) {
    if (error instanceof InputError && error.message.startsWith('the archive')) {
      throw new InputError(`${file}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    await handle.close();
  }
}

async function readAll(
  parts: ReturnType<typeof readArchive>,
  { file, sink }: { readonly file: string; readonly sink: BackupSink },
): Promise<InspectedBackup> {
  const own = new Map<string, Buffer[]>();
  let manifest: Manifest | undefined;
  let kept: Buffer[] | undefined;
  let [files, bytes] = [0, 0];
  const small = (name: string): Buffer => Buffer.concat(own.get(name) ?? []);
  const readManifest = () => {
    manifest ??= parseManifest(small(MANIFEST).toString('utf8'), file);
  };
  for await (const part of parts) {
    if ('bytes' in part) {
      if (kept !== undefined) kept.push(Buffer.from(part.bytes));
      else await sink.write(part.bytes);
      continue;
    }
    const { entry } = part;
    const { name } = entry;
    if (own.size === 0 && name !== MANIFEST) {
      throw new InputError(`${file} is of another program: it does not begin with ${MANIFEST}`);
    }
    if (name !== MANIFEST) readManifest();
    const isOwn =
      name === MANIFEST || name === PINS || (name === STUDY_KEYS && manifest?.holds === 'study keys');
    if (isOwn) {
      if (entry.sizeBytes > SMALL_MAX_BYTES) throw new InputError(`${file} has a ${name} that is too long`);
      kept = [];
      own.set(name, kept);
      if (name === STUDY_KEYS) [files, bytes] = [files + 1, bytes + entry.sizeBytes];
      continue;
    }
    kept = undefined;
    if (name === PLACE) continue;
    if (!name.startsWith(`${PLACE}/`)) throw new InputError(`${file} has ${name}, which no backup has`);
    if (entry.kind === 'file') [files, bytes] = [files + 1, bytes + entry.sizeBytes];
    await sink.begin({ ...entry, name: name.slice(PLACE.length + 1) });
  }
  await sink.end();
  readManifest();
  const { files: wantedFiles, bytes: wantedBytes, holds } = manifest!;
  if (files !== wantedFiles || bytes !== wantedBytes) {
    throw new InputError(
      `${file} has ${files} files of ${bytes} bytes, and says that it has ${wantedFiles} of ${wantedBytes}`,
    );
  }
  const pins = small(PINS)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return { manifest: manifest!, pins, studyKeys: holds === 'study keys' ? small(STUDY_KEYS) : undefined };
}
