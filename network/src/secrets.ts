// Each hospital's own secrets: one gateway key per role (its file of hashes is the gateway's) and the key its
// gateway and trainer share. Made once, readable by their owner alone, kept for every later start.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './state-file.ts';

const ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export interface Secrets {
  /** The gateway's keys by role, as a client sends them. */
  readonly gateway: Readonly<Record<Role, string>>;
  /** Between the hospital's gateway and its trainer. */
  readonly trainer: string;
}

export const keysFile = (directory: string, organisation: string): string =>
  join(directory, organisation, 'keys.json');
export const apiKeysFile = (directory: string, organisation: string): string =>
  join(directory, organisation, 'api-keys.json');

const newKey = (): string => `consilium_${randomBytes(32).toString('base64url')}`;
const hashOf = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;

export function readSecrets(directory: string, organisation: string): Secrets {
  return JSON.parse(readFileSync(keysFile(directory, organisation), 'utf8')) as Secrets;
}

/**
 * The hospital's secrets, made where there are none. The gateway's file holds hashes only. A role whose line was taken
 * out of that file stays without a key, and keys that were added to it stay.
 */
export function ensureSecrets(directory: string, organisation: string): Secrets {
  let secrets: Secrets;
  let known: readonly ApiKeyLine[] | undefined;
  try {
    secrets = readSecrets(directory, organisation);
    known = readApiKeys(directory, organisation);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const gateway = Object.fromEntries(ROLES.map((role) => [role, newKey()])) as Record<Role, string>;
    secrets = { gateway, trainer: newKey() };
    writeWhole(keysFile(directory, organisation), `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  }
  // A line that is there stays as it is: its key may have been given an end or scopes, or been rotated.
  if (known !== undefined) return secrets;
  const made = ROLES.map((role) => ({ id: role, role, hash: hashOf(secrets.gateway[role]) }));
  const others = readApiKeys(directory, organisation) ?? [];
  const added = others.filter(({ id }) => !ROLES.some((role) => role === id));
  const text = JSON.stringify({ keys: [...made, ...added] }, null, 2);
  writeWhole(apiKeysFile(directory, organisation), `${text}\n`, 0o600);
  return secrets;
}

interface ApiKeyLine {
  readonly id: string;
}

/** The lines of the gateway's file; undefined where there is none yet. */
function readApiKeys(directory: string, organisation: string): readonly ApiKeyLine[] | undefined {
  const file = apiKeysFile(directory, organisation);
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly keys: readonly ApiKeyLine[] }).keys;
}
