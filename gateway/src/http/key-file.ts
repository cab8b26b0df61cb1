// The file of API keys: what it holds, and how it is changed. It holds hashes only, and a reader sees the old file or
// the new one, never half of either.
//
// Keys are 256 random bits made here and never chosen by people, so one SHA-256 is as hard to invert as the key is to
// guess; a slow password hash (scrypt) would protect nothing more and cost every request ~50 ms of CPU.
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { DomainError, Id, ROLES, type Role, Strict, validate, Words } from '@consilium/domain';
import { problemWithRemedy } from '@consilium/guarded-rows';
import { type Static, Type } from 'typebox';
import { SCOPES, type Scope } from './scopes.ts';

/** A client's name in the connection file. */
export const Person = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Letters, digits, dots, hyphens and underscores.',
});
/** A time as the file has it. */
export const Instant = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d([.]\\d{1,3})?Z$',
  description: 'A time in UTC such as 2027-01-31T00:00:00Z.',
});
const Hash = Type.String({
  pattern: '^sha256:[0-9a-f]{64}$',
  description: 'sha256: and the hash of the key, hex.',
});
const KEYS_MAX = 1000;
/** As many keys before it as an entry names. */
const REPLACED_MAX = 20;
const ApiKeyEntry = Strict({
  id: Id,
  role: Words(ROLES),
  person: Type.Optional(Person),
  scopes: Type.Optional(Type.Array(Words(SCOPES), { minItems: 1, maxItems: SCOPES.length })),
  createdAt: Type.Optional(Instant),
  expiresAt: Type.Optional(Instant),
  hash: Hash,
  /** Of keys that it took the place of, the last ones: what was registered with one of them goes on. */
  replaced: Type.Optional(Type.Array(Hash, { maxItems: REPLACED_MAX })),
});
const ApiKeyFile = Strict({ keys: Type.Array(ApiKeyEntry, { maxItems: KEYS_MAX }) });
export type ApiKeyEntry = Static<typeof ApiKeyEntry>;
type ApiKeyFile = Static<typeof ApiKeyFile>;

export const hashOfKey = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();
/** As the file has it. */
export const hashOfKeyText = (key: string): string => `sha256:${hashOfKey(key).toString('hex')}`;
const newKey = (): string => `consilium_${randomBytes(32).toString('base64url')}`;

/** Whether a key's time is over. */
export const hasEnded = ({ expiresAt }: Pick<ApiKeyEntry, 'expiresAt'>, nowMs: number): boolean =>
  expiresAt !== undefined && !(Date.parse(expiresAt) > nowMs);

/** @throws Error saying what is wrong with the text */
export function parseApiKeyFile(text: string): ApiKeyFile {
  const file = validate(ApiKeyFile, JSON.parse(text));
  const ids = file.keys.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`two keys have the id ${twice}`);
  const undated = file.keys.find(
    ({ expiresAt }) => expiresAt !== undefined && Number.isNaN(Date.parse(expiresAt)),
  );
  if (undated !== undefined)
    throw new Error(`the key ${undated.id} expires at no date: ${undated.expiresAt}`);
  return file;
}

/**
 * The keys that a broken file still names, whole and as they were written: those that nobody can have meant to take
 * out. Where it is no JSON, nothing may be left beside its objects but the marks of a list: somebody may have moved or
 * commented out a key.
 */
export function entriesOfBrokenFile(text: string): readonly ApiKeyEntry[] {
  const isEntry = (value: unknown): value is ApiKeyEntry => {
    try {
      parseApiKeyFile(JSON.stringify({ keys: [value] }));
      return true;
    } catch {
      return false;
    }
  };
  try {
    const { keys } = Object(JSON.parse(text)) as { keys?: unknown };
    return Array.isArray(keys) ? keys.filter(isEntry) : [];
  } catch {
    const objects = /\{[^{}]*\}/g;
    const isListAlone = /^[\s{}[\],:]*$/.test(text.replaceAll(objects, '').replace('"keys"', ''));
    if (!isListAlone) return [];
    return (text.match(objects) ?? []).flatMap((object) => {
      try {
        return [JSON.parse(object) as unknown].filter(isEntry);
      } catch {
        return [];
      }
    });
  }
}

/** @throws Error naming the file and what is wrong with it. */
export function readApiKeyFile(path: string): ApiKeyFile {
  try {
    return parseApiKeyFile(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof DomainError ? cause.detail : problemWithRemedy(cause);
    throw new Error(`API keys ${path}: ${reason}`, { cause });
  }
}

/** Why a change of the file is refused, for those who are not at its command line. */
export type WhyRefused = 'exists' | 'unknown' | 'ended' | 'full' | 'malformed';

/** A change that the file does not take. */
export class KeyFileRefusal extends Error {
  override readonly name = 'KeyFileRefusal';
  readonly why: WhyRefused;

  constructor(why: WhyRefused, text: string, cause?: unknown) {
    super(text, { cause });
    this.why = why;
  }
}

export interface NewApiKey {
  readonly path: string;
  readonly role: Role;
  readonly id?: string | undefined;
  readonly person?: string | undefined;
  /** All that the role may, where absent. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Never, where absent. */
  readonly expiresAt?: Date | undefined;
}

/** A key as it is shown once. */
export type MadeApiKey = Omit<ApiKeyEntry, 'hash' | 'replaced'> & { readonly key: string };

/**
 * Makes a key and appends its hash to the file (made where it is missing, readable by its owner alone).
 *
 * @returns the key, which is stored nowhere, and what it may.
 */
export function createApiKey(wish: NewApiKey, nowMs: number = Date.now()): MadeApiKey {
  const { path, role, person, scopes, expiresAt } = wish;
  const id = wish.id ?? `${role}-${randomBytes(4).toString('hex')}`;
  if (id.startsWith('oidc-'))
    throw new KeyFileRefusal('malformed', '--id: ids that begin with oidc- are of people who sign in');
  const made = {
    ...{ id, role },
    ...(person !== undefined && { person }),
    ...(scopes !== undefined && { scopes: [...scopes] }),
    createdAt: new Date(nowMs).toISOString(),
    ...(expiresAt !== undefined && { expiresAt: expiresAt.toISOString() }),
  };
  const key = newKey();
  change(path, (keys) => {
    if (keys.some((entry) => entry.id === id)) {
      throw new KeyFileRefusal(
        'exists',
        `API keys ${path}: a key with the id ${id} exists: choose another --id`,
      );
    }
    return [...keys, { ...made, hash: hashOfKeyText(key) }];
  });
  return { ...made, key };
}

/**
 * Puts a new key in the place of one, with the same id and all that it may.
 *
 * @param wish `overlapMs`: for how long the old one goes on; it is then listed under an id of its own
 * @throws Error where there is no such key, or where its time is over
 */
export function rotateApiKey(
  wish: {
    readonly path: string;
    readonly id: string;
    readonly overlapMs?: number;
    readonly expiresAt?: Date | undefined;
  },
  nowMs: number = Date.now(),
): MadeApiKey {
  const { path, id, overlapMs = 0 } = wish;
  const key = newKey();
  let made: ApiKeyEntry | undefined;
  change(path, (keys) => {
    const old = keys.find((entry) => entry.id === id);
    if (old === undefined) throw unknownKey(path, id);
    const expiresAt = wish.expiresAt?.toISOString() ?? old.expiresAt;
    if (hasEnded({ ...(expiresAt !== undefined && { expiresAt }) }, nowMs)) {
      throw new KeyFileRefusal(
        'ended',
        `API keys ${path}: the key ${id} ended at ${expiresAt}: say --expires for the new one`,
      );
    }
    made = {
      ...old,
      createdAt: new Date(nowMs).toISOString(),
      ...(expiresAt !== undefined && { expiresAt }),
      hash: hashOfKeyText(key),
      replaced: [...(old.replaced ?? []), old.hash].slice(-REPLACED_MAX),
    };
    const others = keys.map((entry) => (entry.id === id ? made! : entry));
    if (overlapMs === 0 || hasEnded(old, nowMs)) return others;
    const endsAtMs = Math.min(
      nowMs + overlapMs,
      old.expiresAt === undefined ? Infinity : Date.parse(old.expiresAt),
    );
    const oldId = `${id.slice(0, 50)}-old-${randomBytes(4).toString('hex')}`;
    return [...others, { ...old, id: oldId, expiresAt: new Date(endsAtMs).toISOString() }];
  });
  const { hash: _hash, replaced: _replaced, ...shown } = made!;
  return { ...shown, key };
}

/** Takes a key out of the file. @throws Error where there is no such key */
export function revokeApiKey({ path, id }: { readonly path: string; readonly id: string }): void {
  change(path, (keys) => {
    if (!keys.some((entry) => entry.id === id)) throw unknownKey(path, id);
    return keys.filter((entry) => entry.id !== id);
  });
}

const unknownKey = (path: string, id: string): KeyFileRefusal =>
  new KeyFileRefusal(
    'unknown',
    `API keys ${path}: no key has the id ${id}: "consilium-gateway key list" shows all`,
  );

/** One change at a time: the new file, while it is written, keeps other commands out. */
function change(name: string, next: (keys: readonly ApiKeyEntry[]) => readonly ApiKeyEntry[]): void {
  // A link stays one: a gateway may know the file by its other name.
  const path = existsSync(name) ? realpathSync(name) : name;
  const beside = `${path}.new`;
  const file = openBeside(beside);
  try {
    try {
      const keys = next(existsSync(path) ? readApiKeyFile(path).keys : []);
      if (keys.length > KEYS_MAX) {
        const remedy = 'revoke those that nobody uses';
        throw new KeyFileRefusal('full', `API keys ${path}: there are ${KEYS_MAX} keys already: ${remedy}`);
      }
      const text = `${JSON.stringify({ keys }, null, 2)}\n`;
      checkNext(text);
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function openBeside(beside: string): number {
  try {
    return openSync(beside, 'wx', 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new Error(`another command changes the API keys: wait for it, or remove ${beside} if none does`, {
      cause,
    });
  }
}

function checkNext(text: string): void {
  try {
    parseApiKeyFile(text);
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    throw new KeyFileRefusal(
      'malformed',
      `--id, --role, --person, --scopes or --expires: ${cause.detail}`,
      cause,
    );
  }
}
