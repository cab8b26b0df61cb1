// Callers of the API who are signed in to the console.
import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { GatewayRefusal } from '../gateway-errors.ts';
import { type CookieCallers, unauthenticated } from '../http/authentication.ts';
import { BACKGROUND_HEADER, refuseCrossSite } from './same-origin.ts';
import type { GatewayCookie } from './session-cookie.ts';
import type { Session, Sessions } from './sessions.ts';

/** Whether a request is something that a person did, and not only the page. */
export const isUse = ({ headers }: FastifyRequest): boolean => headers[BACKGROUND_HEADER] !== '1';

/** The session of a request. @throws GatewayRefusal CROSS_SITE_REFUSED where another origin's page may have sent it */
export function sessionOf(
  request: FastifyRequest,
  { sessions, cookie }: { readonly sessions: Sessions; readonly cookie: GatewayCookie },
  isOfPerson = isUse(request),
): Session | undefined {
  if (!cookie.isIn(request)) return undefined;
  refuseCrossSite(request);
  const id = cookie.read(request);
  return id === undefined ? undefined : sessions.find(id, isOfPerson);
}

/** Callers by their cookie, for `authenticate`. */
export const cookieCallers = (sessions: Sessions, cookie: GatewayCookie): CookieCallers => ({
  meet(request, roles) {
    if (!cookie.isIn(request)) return undefined;
    try {
      const session = sessionOf(request, { sessions, cookie });
      const key = session && sessions.callerOf(session, roles);
      if (session === undefined || key === undefined)
        return { refused: unauthenticated('a cookie of no session') };
      const holds = () =>
        sessions.holds(session) && isDeepStrictEqual(sessions.callerOf(session, roles), key);
      const subject = session.shown.way === 'oidc' ? session.shown.signedIn.subject : undefined;
      return { key, holds, sessionEnds: session.ends, ...(subject !== undefined && { subject }) };
    } catch (error) {
      if (error instanceof GatewayRefusal) return { refused: error };
      throw error;
    }
  },
});
