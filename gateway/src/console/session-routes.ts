// Signing in to the console with an API key, and out: the key is shown once, and the browser then has a cookie that
// holds nothing of it.
import { type Member, Strict, Words } from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { unauthenticated } from '../http/authentication.ts';
import type { Refuse } from '../http/failure-limit.ts';
import type { HistorySource } from '../read-model/ledger-history.ts';
import { sessionOf } from './cookie-callers.ts';
import type { Leave } from './offered-operations.ts';
import { refuseCrossSite } from './same-origin.ts';
import { guardPage } from './security-headers.ts';
import type { GatewayCookie } from './session-cookie.ts';
import type { Session, Sessions, Shown } from './sessions.ts';

/** Where the page asks who is signed in. */
export const SESSION_PATH = '/console/session';

const KEY_CHARACTERS_MAX = 512;
const TITLE_KEPT_MS = 60_000;

const SignIn = Strict({ apiKey: Type.String({ minLength: 1, maxLength: KEY_CHARACTERS_MAX }) });
const SignOut = Strict({ everywhere: Type.Optional(Words(['yes'])) });

/** What the page gets to know of who looks at it. */
export interface SessionView {
  readonly signedIn: boolean;
  readonly hospital: { readonly mspId: string; readonly title: string };
  /** Where nobody is signed in: how to. */
  readonly ways?: { readonly apiKey: true; readonly oidc: boolean };
  readonly role?: string;
  /** All roles of a person who has several; a request is made with the one that may. */
  readonly roles?: readonly string[];
  readonly keyId?: string;
  readonly person?: string;
  readonly subject?: string;
  readonly scopes?: readonly string[];
  readonly endsAt?: string;
  /** Milliseconds without use after which it ends. */
  readonly idleMs?: number;
  /** Ids of the operations of the API that this caller may call. */
  readonly operations?: readonly string[];
}

export interface SessionRoutes {
  readonly sessions: Sessions;
  readonly cookie: GatewayCookie;
  readonly mspId: string;
  readonly history: HistorySource;
  /** Whether the hospital's OpenID provider is asked too. */
  readonly oidc: boolean;
  readonly idleMs: number;
  readonly mayCall: (leave: Leave) => readonly string[];
  /** The key of that text, as its hash. */
  readonly look: (presented: string) => { readonly hash: string } | { readonly why: string };
  /** Of callers who show nothing valid. */
  readonly refuse: Refuse;
  readonly onSignIn: (way: Shown['way'], outcome: 'ok' | 'refused') => void;
}

/** Begins a session in the place of the one that the browser had. */
export function beginSession(
  { sessions, cookie }: Pick<SessionRoutes, 'sessions' | 'cookie'>,
  shown: Shown,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Session {
  const before = cookie.read(request);
  const old = before === undefined ? undefined : sessions.find(before, false);
  if (old !== undefined) sessions.signOut(old);
  const { id, session } = sessions.begin(shown);
  cookie.set(request, reply, id);
  const key = sessions.callerOf(session);
  const { name } = session;
  request.log.info(
    { session: name, key: key?.id, person: key?.person, way: shown.way },
    'signed in to the console',
  );
  return session;
}

export function addSessionRoutes(app: FastifyInstance, given: SessionRoutes): void {
  const { sessions, cookie, refuse, onSignIn } = given;
  const hospital = hospitalOf(given);
  const schema = { hide: true } as const;

  const view = (session: Session | undefined): SessionView => {
    const key = session && sessions.callerOf(session);
    if (session === undefined || key === undefined)
      return { signedIn: false, ways: { apiKey: true, oidc: given.oidc }, hospital: hospital() };
    const { shown, endsAtMs } = session;
    const roles = shown.way === 'oidc' ? shown.signedIn.roles : [key.role];
    return {
      signedIn: true,
      role: key.role,
      ...(roles.length > 1 && { roles }),
      keyId: key.id,
      ...(key.person !== undefined && { person: key.person }),
      ...(shown.way === 'oidc' && { subject: shown.signedIn.subject }),
      ...(key.scopes !== undefined && { scopes: key.scopes }),
      endsAt: new Date(endsAtMs).toISOString(),
      idleMs: given.idleMs,
      hospital: hospital(),
      operations: given.mayCall({ roles, scopes: key.scopes, byKey: shown.way === 'apiKey' }),
    };
  };
  const answer = (reply: FastifyReply, session: Session | undefined): FastifyReply =>
    guardPage(reply).header('cache-control', 'no-store').send(view(session));

  app.get(SESSION_PATH, { schema }, async (request, reply) => {
    // The page asks this by itself, again and again.
    const session = sessionOf(request, given, false);
    if (session === undefined && cookie.isIn(request)) cookie.clear(request, reply);
    return answer(reply, session);
  });

  app.post(SESSION_PATH, {
    schema: { ...schema, body: SignIn },
    // Before a body is read.
    onRequest: async (request) => refuseCrossSite(request),
    handler: async (request, reply) => {
      const known = given.look((request.body as { apiKey: string }).apiKey.trim());
      if ('why' in known) {
        onSignIn('apiKey', 'refused');
        return refuse(unauthenticated(known.why), request, reply);
      }
      onSignIn('apiKey', 'ok');
      const shown = { way: 'apiKey', hash: known.hash } as const;
      return answer(reply, beginSession(given, shown, { request, reply }));
    },
  });

  app.delete(SESSION_PATH, {
    schema: { ...schema, querystring: SignOut },
    handler: async (request, reply) => {
      refuseCrossSite(request);
      const session = sessionOf(request, given);
      const { everywhere } = request.query as { everywhere?: 'yes' };
      if (session !== undefined) sessions.signOut(session, { everywhere: everywhere === 'yes' });
      cookie.clear(request, reply);
      return answer(reply, undefined);
    },
  });
}

/** Whose gateway it is, with its title on the ledger as soon as one is known. */
function hospitalOf({ mspId, history }: SessionRoutes): () => SessionView['hospital'] {
  let known: { readonly title: string; readonly atMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (known === undefined || nowMs - known.atMs >= TITLE_KEPT_MS) {
      try {
        const title = history.read((ledger) => ledger.row<Member>('member', [mspId])?.row?.title);
        if (title !== undefined) known = { title, atMs: nowMs };
      } catch {
        // A history that is not there yet has no titles.
      }
    }
    return { mspId, title: known?.title ?? mspId };
  };
}
