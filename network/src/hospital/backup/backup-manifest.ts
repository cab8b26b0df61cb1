// The first entry of every backup: of what it is, and what a restore must agree with before it writes anything.
import { InputError } from '@consilium/command-line';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { Strict } from '../../yaml-document.ts';
import type { Hospital } from '../hospital-file.ts';

export const MANIFEST = 'backup.json';
/** Below which the organisation's folder is. */
export const PLACE = 'place';
/** CIDs that were pinned, one a line. */
export const PINS = 'pins';
/** The only entry of a file with keys for studies beside its manifest. */
export const STUDY_KEYS = 'study-keys.json';

const FORM = 'consilium-backup';
/** 1: since backups are made by this program. */
const VERSION = 1;

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
export const Manifest = Strict({
  form: Type.Literal(FORM),
  version: Type.Literal(VERSION),
  /** The backup and its file of keys for studies have the same. */
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  holds: Type.Enum(['organisation', 'study keys']),
  madeAt: Type.String({ pattern: '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$' }),
  mspId: Type.String(),
  organisation: Type.String(),
  channel: Type.String(),
  consortiumSha256: Sha256,
  /** Of block 0; null before the channel was founded. */
  genesisSha256: Type.Union([Sha256, Type.Null()]),
  roots: Type.Union([Strict({ identity: Sha256, tls: Sha256 }), Type.Null()]),
  /** Where the organisation's folder was. */
  folder: Type.String(),
  /** Folders with files of patients, which the backup does not have. */
  dataFolders: Type.Array(Type.String()),
  files: Count,
  bytes: Count,
  pins: Count,
});
export type Manifest = Static<typeof Manifest>;

export const newManifest = (own: Omit<Manifest, 'form' | 'version'>): Manifest => ({
  form: FORM,
  version: VERSION,
  ...own,
});

/** @throws InputError where the text is no manifest of this version */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  const { form, version } = (value ?? {}) as { form?: unknown; version?: unknown };
  if (form !== FORM) throw new InputError(`${file} is of another program: it has no ${MANIFEST} of a backup`);
  if (typeof version === 'number' && version > VERSION) {
    throw new InputError(
      `${file} is of version ${version}, and this program reads up to ${VERSION}: restore it with the release that ` +
        'made it, or a newer one',
    );
  }
  if (!Check(Manifest, value))
    throw new InputError(`${file} has a ${MANIFEST} with other fields than a backup has`);
  return value;
}

/** @throws InputError where a backup is of another organisation, channel or authority than the own files say */
export function assertOwn(manifest: Manifest, { own, consortium }: Hospital, file: string): void {
  const refuse = (what: string, is: string, wanted: string): never => {
    throw new InputError(`${file} is a backup of ${what} ${is}, and hospital.yaml is of ${wanted}`);
  };
  if (manifest.mspId !== own.mspId) refuse('organisation', manifest.mspId, own.mspId);
  if (manifest.organisation !== own.name) refuse('organisation', manifest.organisation, own.name);
  if (manifest.channel !== consortium.channel) refuse('channel', manifest.channel, consortium.channel);
  for (const kind of ['identity', 'tls'] as const) {
    const [is, wanted] = [manifest.roots?.[kind], own.roots?.[kind]];
    if (wanted !== undefined && is !== wanted) {
      const text = is ?? 'none';
      throw new InputError(
        `${file} has another authority (roots.${kind} ${text}) than consortium.yaml says (${wanted}): it is of ` +
          'another consortium, or from before its certificates were made again',
      );
    }
  }
}
