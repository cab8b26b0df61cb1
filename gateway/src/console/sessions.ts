// Who is signed in to the console, in memory alone: a restart signs everybody out. A session holds no key and no token,
// only the hash by which the key is looked up again at each request, or what a token said. So a key that is revoked,
// ends or is rotated takes its sessions with it.
import { createHash, randomBytes } from 'node:crypto';
import type { Role } from '@consilium/domain';
import type { Limits } from '../config.ts';
import type { SignedIn } from '../http/access-tokens.ts';
import type { ApiKey, ApiKeys } from '../http/api-keys.ts';

/** What somebody showed to sign in. */
export type Shown =
  | { readonly way: 'apiKey'; readonly hash: string }
  | { readonly way: 'oidc'; readonly signedIn: SignedIn };

/** Why a session is over: for the log. */
export type SessionEnd =
  | 'signed out'
  | 'not used for long'
  | 'its time is over'
  | 'its key or token holds no more'
  | 'another session takes its place';

export interface Session {
  /** In the log, where the id itself must not be. */
  readonly name: string;
  readonly shown: Shown;
  /** When it ends at the latest, by the clock on the wall. */
  readonly endsAtMs: number;
  /** Aborted when it is over, so that streams end with it. */
  readonly ends: AbortSignal;
}

interface Held extends Session {
  readonly digest: string;
  readonly owner: string;
  readonly startedMs: number;
  readonly ending: AbortController;
  usedMs: number;
}

export interface SessionsOptions {
  readonly apiKeys: ApiKeys;
  readonly limits: Pick<Limits, 'sessions' | 'sessionsPerKey' | 'sessionIdleMs' | 'sessionMs'>;
  readonly onEnd?: (session: Session, why: SessionEnd) => void;
  /** Of a clock that does not go back, and of the one on the wall. */
  readonly nowMs?: () => number;
  readonly wallMs?: () => number;
}

const ID_BYTES = 32;
const ID = /^[\w-]{43}$/;
const REVIEW_MS = 2_000;

const digestOf = (id: string): string => createHash('sha256').update(id, 'utf8').digest('hex');

/** Sessions of the console, bounded in number, by time without use and by time in all. */
export class Sessions {
  readonly #options: Required<SessionsOptions>;
  /** By the hash of the id, the one used longest ago first. */
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SessionsOptions) {
    this.#options = {
      ...{ onEnd: () => {}, nowMs: () => performance.now(), wallMs: () => Date.now() },
      ...options,
    };
  }

  get size(): number {
    return this.#held.size;
  }

  /** @returns the id for the cookie, which is stored nowhere, and the session */
  begin(shown: Shown): { readonly id: string; readonly session: Session } {
    const { limits, nowMs, wallMs } = this.#options;
    const owner = shown.way === 'apiKey' ? shown.hash : shown.signedIn.caller.id;
    const own = [...this.#held.values()].filter((held) => held.owner === owner);
    if (own.length >= limits.sessionsPerKey) this.#end(own[0]!, 'another session takes its place');
    const [oldest] = this.#held.values();
    if (this.#held.size >= limits.sessions && oldest !== undefined)
      this.#end(oldest, 'another session takes its place');
    const id = randomBytes(ID_BYTES).toString('base64url');
    const digest = digestOf(id);
    const ending = new AbortController();
    const endsAtMs = Math.min(
      wallMs() + limits.sessionMs,
      shown.way === 'oidc' ? shown.signedIn.endsAtMs : Infinity,
      (shown.way === 'apiKey' ? this.#options.apiKeys.endOf(shown.hash) : undefined) ?? Infinity,
    );
    const held: Held = {
      ...{ name: digest.slice(0, 12), shown, endsAtMs, ends: ending.signal },
      ...{ digest, owner, startedMs: nowMs(), usedMs: nowMs(), ending },
    };
    this.#held.set(digest, held);
    this.#timer ??= setInterval(() => this.review(), REVIEW_MS).unref();
    return { id, session: held };
  }

  /**
   * The session of an id, if it is not over.
   *
   * @param isUse whether somebody did something: what a page does by itself keeps no session alive
   */
  find(id: string, isUse = true): Session | undefined {
    const held = ID.test(id) ? this.#held.get(digestOf(id)) : undefined;
    if (held === undefined || !this.holds(held)) return undefined;
    if (isUse) {
      held.usedMs = this.#options.nowMs();
      this.#held.delete(held.digest);
      this.#held.set(held.digest, held);
      if (held.shown.way === 'apiKey') this.#options.apiKeys.noteUse(held.shown.hash);
    }
    return held;
  }

  /** Whether it is not over; one that is, is ended. */
  holds(session: Session): boolean {
    const held = this.#held.get((session as Held).digest);
    if (held === undefined) return false;
    const why = this.#whyOver(held);
    if (why !== undefined) this.#end(held, why);
    return why === undefined;
  }

  /**
   * Who is signed in with it, as of now.
   *
   * @param roles those that may do what is asked: of several roles of a person the one that may is taken
   */
  callerOf({ shown }: Session, roles: readonly Role[] = []): ApiKey | undefined {
    if (shown.way === 'apiKey') return this.#options.apiKeys.keyOfHash(shown.hash);
    const { caller, roles: own } = shown.signedIn;
    const role = roles.find((one) => own.includes(one)) ?? own[0];
    return role === undefined ? undefined : { ...caller, role };
  }

  /** Ends a session, or all of the same key or person. @returns how many */
  signOut(session: Session, { everywhere = false } = {}): number {
    const { digest, owner } = session as Held;
    const own = [...this.#held.values()].filter((held) =>
      everywhere ? held.owner === owner : held.digest === digest,
    );
    for (const held of own) this.#end(held, 'signed out');
    return own.length;
  }

  /** Ends those that are over, also where nobody asks anything with them. */
  review(): void {
    for (const held of [...this.#held.values()]) {
      const why = this.#whyOver(held);
      if (why !== undefined) this.#end(held, why);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { ending } of this.#held.values()) ending.abort();
    this.#held.clear();
  }

  #whyOver(held: Held): SessionEnd | undefined {
    const { limits, nowMs, wallMs } = this.#options;
    // A clock on the wall that is set back prolongs nothing but what a key or a token says.
    if (nowMs() - held.startedMs >= limits.sessionMs) return 'its time is over';
    if (this.callerOf(held) === undefined || wallMs() >= held.endsAtMs)
      return 'its key or token holds no more';
    return nowMs() - held.usedMs >= limits.sessionIdleMs ? 'not used for long' : undefined;
  }

  #end(held: Held, why: SessionEnd): void {
    if (!this.#held.delete(held.digest)) return;
    held.ending.abort();
    if (this.#held.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#options.onEnd(held, why);
  }
}
