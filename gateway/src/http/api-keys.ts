// API keys of the hospital's own systems. Each key has one role; the file holds hashes only.
//
// Keys are 256 random bits made here and never chosen by people, so one SHA-256 is as hard to invert as the key
// is to guess; a slow password hash (scrypt) would protect nothing more and cost every request ~50 ms of CPU.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { DomainError, Id, ROLES, type Role, Strict, validate, Words } from '@consilium/domain';
import { type Static, Type } from 'typebox';

/** A client's name in the connection file. */
const Person = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Letters, digits, dots, hyphens and underscores.',
});
const ApiKeyEntry = Strict({
  id: Id,
  role: Words(ROLES),
  person: Type.Optional(Person),
  hash: Type.String({
    pattern: '^sha256:[0-9a-f]{64}$',
    description: 'sha256: and the hash of the key, hex.',
  }),
});
const ApiKeyFile = Strict({ keys: Type.Array(ApiKeyEntry, { maxItems: 1000 }) });
type ApiKeyFile = Static<typeof ApiKeyFile>;

export interface ApiKey {
  readonly id: string;
  readonly role: Role;
  /** Whose certificate signs in place of the role's. */
  readonly person?: string;
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/** @throws Error naming the file and what is wrong with it. */
export function readApiKeyFile(path: string): ApiKeyFile {
  let file: ApiKeyFile;
  try {
    file = validate(ApiKeyFile, JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof DomainError ? cause.detail : (cause as Error).message;
    throw new Error(`API keys ${path}: ${reason}`, { cause });
  }
  const ids = file.keys.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`API keys ${path}: two keys have the id ${twice}`);
  return file;
}

const REREAD_MS = 1_000;

/** The keys of a file; a changed file counts within a second, a broken one leaves the last good keys. */
export class ApiKeys {
  readonly #path: string;
  readonly #onBroken: (error: Error) => void;
  #keys: readonly { key: ApiKey; digest: Buffer }[] = [];
  #version = '';
  #checkedAtMs = 0;

  /** @throws Error for a file that is missing or wrong at the start. */
  constructor(path: string, onBroken: (error: Error) => void) {
    this.#path = path;
    this.#onBroken = onBroken;
    this.#read();
  }

  get roles(): Role[] {
    return [...new Set(this.#keys.map(({ key }) => key.role))];
  }

  /** The key's owner, or undefined. Every hash is compared in constant time, whichever matches. */
  find(presented: string, nowMs: number = Date.now()): ApiKey | undefined {
    if (nowMs - this.#checkedAtMs >= REREAD_MS) this.#reread(nowMs);
    const digest = digestOf(presented);
    let found: ApiKey | undefined;
    for (const entry of this.#keys) if (timingSafeEqual(entry.digest, digest)) found = entry.key;
    return found;
  }

  #reread(nowMs: number): void {
    this.#checkedAtMs = nowMs;
    try {
      if (this.#version !== versionOf(this.#path)) this.#read();
    } catch (error) {
      this.#onBroken(error as Error);
    }
  }

  #read(): void {
    const version = versionOf(this.#path);
    this.#keys = readApiKeyFile(this.#path).keys.map(({ hash, role, ...key }) => ({
      key: { ...key, role: role as Role },
      digest: Buffer.from(hash.slice('sha256:'.length), 'hex'),
    }));
    this.#version = version;
  }
}

function versionOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (cause) {
    throw new Error(`API keys ${path}: ${(cause as Error).message}`, { cause });
  }
}

export interface NewApiKey {
  readonly path: string;
  readonly role: Role;
  readonly id?: string | undefined;
  readonly person?: string | undefined;
}

/**
 * Makes a key and appends its hash to the file (made where it is missing, readable by its owner alone).
 *
 * @returns the key, which is stored nowhere, and its id.
 */
export function createApiKey({ path, role, id, person }: NewApiKey): ApiKey & { readonly key: string } {
  const file = statSync(path, { throwIfNoEntry: false }) === undefined ? { keys: [] } : readApiKeyFile(path);
  const chosen = id ?? `${role}-${randomBytes(4).toString('hex')}`;
  const made: ApiKey = { id: chosen, role, ...(person !== undefined && { person }) };
  if (file.keys.some((entry) => entry.id === chosen)) {
    throw new Error(`API keys ${path}: a key with the id ${chosen} exists: choose another --id`);
  }
  const key = `consilium_${randomBytes(32).toString('base64url')}`;
  const hash = `sha256:${digestOf(key).toString('hex')}`;
  const next = { keys: [...file.keys, { ...made, hash }] };
  try {
    validate(ApiKeyFile, next);
  } catch (cause) {
    if (cause instanceof DomainError) throw new Error(`--id, --role or --person: ${cause.detail}`, { cause });
    throw cause;
  }
  writeWhole(path, `${JSON.stringify(next, null, 2)}\n`);
  return { ...made, key };
}

/** A reader sees the old file or the new one, never half of either. */
function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`;
  const file = openSync(beside, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
