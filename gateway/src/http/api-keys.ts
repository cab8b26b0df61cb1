// API keys of the hospital's own systems, as the gateway goes by them. Each key has one role.
//
// A changed file counts within a second. A broken one changes nothing to anybody's favour: it brings no key, and a key
// that it does not name any more, whole and as it was, is refused until the file is right again. /readyz, the metrics
// and the log say so.
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DomainError, type Role } from '@consilium/domain';
import {
  type ApiKeyEntry,
  entriesOfBrokenFile,
  hasEnded,
  hashOfKey,
  parseApiKeyFile,
  readApiKeyFile,
} from './key-file.ts';
import type { KeyUses } from './key-uses.ts';
import type { Scope } from './scopes.ts';

export interface ApiKey {
  readonly id: string;
  readonly role: Role;
  /** Whose certificate signs in place of the role's. */
  readonly person?: string;
  /** All that the role may, where absent. */
  readonly scopes?: readonly Scope[];
}

/** Whose turn it is where there are few places: a person with several keys, or who signed in beside, is one. */
export const bearerOf = ({ id, person }: Pick<ApiKey, 'id' | 'person'>): string =>
  person === undefined ? `key ${id}` : `person ${person}`;

/** Why nobody is known by what was shown: for the log, never for the caller. */
export type WhyUnknown =
  | 'unknown key'
  | 'key has ended'
  | 'key withheld while the file of API keys is broken';

export type Known = { readonly key: ApiKey } | { readonly why: WhyUnknown };

export interface ApiKeysOptions {
  /** Called once for each state of the file that is broken; without an error, when it is right again. */
  readonly onChange?: (problem: string | undefined) => void;
  readonly uses?: KeyUses;
}

interface Held {
  readonly key: ApiKey;
  readonly entry: ApiKeyEntry;
  readonly digest: Buffer;
}

const REREAD_MS = 1_000;

export class ApiKeys {
  readonly #path: string;
  readonly #options: ApiKeysOptions;
  #keys: readonly Held[] = [];
  #byHash: ReadonlyMap<string, Held> = new Map();
  /** Refused while the file is broken, to say so in the log. */
  #withheld: readonly Held[] = [];
  #text: string | undefined;
  #problem: string | undefined;
  #checkedAtMs = 0;

  /** @throws Error for a file that is missing or wrong at the start. */
  constructor(path: string, options: ApiKeysOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#hold(readApiKeyFile(path).keys.map(heldOf));
  }

  /** The file, for those who change it. */
  get path(): string {
    return this.#path;
  }

  get roles(): Role[] {
    return [...new Set(this.#keys.map(({ key }) => key.role))];
  }

  /** What is wrong with the file as it is now, and what follows; undefined where nothing is. */
  problem(nowMs: number = Date.now()): string | undefined {
    this.#rereadAfter(nowMs);
    return this.#problem;
  }

  /** The key's owner, or undefined. */
  find(presented: string, nowMs: number = Date.now()): ApiKey | undefined {
    const known = this.look(presented, nowMs);
    return 'key' in known ? known.key : undefined;
  }

  /** The key's owner, or why there is none. Every hash is compared in constant time, whichever matches. */
  look(presented: string, nowMs: number = Date.now()): Known {
    this.#rereadAfter(nowMs);
    const digest = hashOfKey(presented);
    let found: Held | undefined;
    let isWithheld = false;
    for (const held of this.#keys) if (timingSafeEqual(held.digest, digest)) found = held;
    for (const held of this.#withheld) isWithheld = timingSafeEqual(held.digest, digest) || isWithheld;
    if (found === undefined) {
      return { why: isWithheld ? 'key withheld while the file of API keys is broken' : 'unknown key' };
    }
    if (hasEnded(found.entry, nowMs)) return { why: 'key has ended' };
    this.#options.uses?.note(found.entry.hash, nowMs);
    return { key: found.key };
  }

  /** The key of exactly this hash, as of now; a rotation ends what goes by the one before. */
  keyOfHash(hash: string, nowMs: number = Date.now()): ApiKey | undefined {
    return this.#valid(hash, nowMs)?.key;
  }

  /** When the key of this hash ends, in milliseconds since 1970; undefined where it does not. */
  endOf(hash: string, nowMs: number = Date.now()): number | undefined {
    const expiresAt = this.#valid(hash, nowMs)?.entry.expiresAt;
    return expiresAt === undefined ? undefined : Date.parse(expiresAt);
  }

  /** When the key of this hash was last used, to the minute; undefined where nobody knows. */
  lastUseOf(hash: string): string | undefined {
    return this.#options.uses?.lastOf(hash);
  }

  /** Goes by the file as it is now, after a change of it. */
  reread(nowMs: number = Date.now()): void {
    this.#checkedAtMs = Number.NEGATIVE_INFINITY;
    this.#rereadAfter(nowMs);
  }

  /** Remembers that somebody used the key of this hash without showing it again. */
  noteUse(hash: string, nowMs: number = Date.now()): void {
    this.#options.uses?.note(hash, nowMs);
  }

  /** The hash of the key that has this id now. */
  hashOf(id: string, nowMs: number = Date.now()): string | undefined {
    this.#rereadAfter(nowMs);
    return this.#keys.find(({ key }) => key.id === id)?.entry.hash;
  }

  /**
   * The key whose hash this is, or the one that a rotation put in its place. Another key that was made later under the
   * same id is not the same.
   */
  holderOf(hash: string, nowMs: number = Date.now()): ApiKey | undefined {
    this.#rereadAfter(nowMs);
    const holds = ({ entry }: Held) => !hasEnded(entry, nowMs);
    const rotated = this.#keys.find((one) => holds(one) && one.entry.replaced?.includes(hash));
    return (rotated ?? this.#keys.find((one) => holds(one) && one.entry.hash === hash))?.key;
  }

  #valid(hash: string, nowMs: number): Held | undefined {
    this.#rereadAfter(nowMs);
    const held = this.#byHash.get(hash);
    return held === undefined || hasEnded(held.entry, nowMs) ? undefined : held;
  }

  #rereadAfter(nowMs: number): void {
    const sinceMs = nowMs - this.#checkedAtMs;
    // A clock that was set back is no reason to go by an old file.
    if (sinceMs >= 0 && sinceMs < REREAD_MS) return;
    this.#checkedAtMs = nowMs;
    let text: string | undefined;
    try {
      text = readFileSync(this.#path, 'utf8');
      if (text === this.#text) return;
      this.#take(parseApiKeyFile(text).keys);
    } catch (error) {
      const reason = error instanceof DomainError ? error.detail : (error as Error).message;
      this.#withhold(text, reason);
    }
    this.#text = text;
  }

  #hold(keys: readonly Held[]): void {
    this.#keys = keys;
    this.#byHash = new Map(keys.map((held) => [held.entry.hash, held]));
  }

  #take(entries: readonly ApiKeyEntry[]): void {
    this.#hold(entries.map(heldOf));
    this.#withheld = [];
    this.#options.uses?.keepOnly(new Set(entries.map(({ hash }) => hash)));
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#options.onChange?.(undefined);
  }

  #withhold(text: string | undefined, reason: string): void {
    const named = new Set((text === undefined ? [] : entriesOfBrokenFile(text)).map(textOf));
    const before = this.#keys;
    this.#hold(before.filter(({ entry }) => named.has(textOf(entry))));
    this.#withheld = [...this.#withheld, ...before.filter((held) => !this.#keys.includes(held))];
    const withheld = this.#withheld.map(({ key }) => key.id);
    // What the parser says of a text may hold some of it.
    const what = text === undefined ? `it cannot be read (${reason})` : describeBroken(text, reason);
    const refused =
      withheld.length === 0 ? 'none of the keys before is refused' : `refused: ${withheld.join(', ')}`;
    const problem = `the file of API keys is broken: ${what}. No change of it counts; ${refused}. Correct the file.`;
    if (problem === this.#problem && text === this.#text) return;
    this.#problem = problem;
    this.#options.onChange?.(problem);
  }
}

const heldOf = (entry: ApiKeyEntry): Held => {
  const { id, role, person, scopes, hash } = entry;
  return {
    entry,
    key: {
      ...{ id, role: role as Role },
      ...(person !== undefined && { person }),
      ...(scopes !== undefined && { scopes: scopes as Scope[] }),
    },
    digest: Buffer.from(hash.slice('sha256:'.length), 'hex'),
  };
};

/** All of an entry, whatever the order of its fields. */
const textOf = (entry: ApiKeyEntry): string => JSON.stringify(entry, Object.keys(entry).toSorted());

function describeBroken(text: string, reason: string): string {
  try {
    JSON.parse(text);
    return reason;
  } catch {
    return 'it is not JSON';
  }
}
