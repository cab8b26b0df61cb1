// The two addresses of a sign-in at the hospital's OpenID provider: where a browser is sent there, and where it comes
// back. What goes wrong is said by the page: people see JSON only where they try too often.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { unauthenticated } from '../http/authentication.ts';
import { ProviderError } from '../http/provider-document.ts';
import { SIGNED_IN_PATH } from '../http/sign-in-settings.ts';
import { type CodeAnswer, type CodeFlow, SIGN_IN_SECONDS, type SignInProblem } from './code-flow.ts';
import { returnPage } from './return-page.ts';
import { guardPage } from './security-headers.ts';
import type { GatewayCookie } from './session-cookie.ts';
import { beginSession, type SessionRoutes } from './session-routes.ts';

/** Where a browser begins. */
export const SIGN_IN_PATH = '/console/sign-in';

export interface SignInRoutes extends Pick<SessionRoutes, 'sessions' | 'cookie' | 'refuse' | 'onSignIn'> {
  readonly flow: CodeFlow;
  /** What a browser has while it is at the provider. */
  readonly underWay: GatewayCookie;
}

/** Where the page says what went wrong. */
const problemPage = (problem: SignInProblem): string => `/console/?problem=${problem}`;

export function addSignInRoutes(app: FastifyInstance, given: SignInRoutes): void {
  const { flow, underWay, refuse, onSignIn } = given;
  const schema = { hide: true } as const;
  const go = (reply: FastifyReply, address: string): FastifyReply =>
    guardPage(reply).header('cache-control', 'no-store').redirect(address, 303);
  const say = (request: FastifyRequest, reply: FastifyReply, of: { problem: SignInProblem; why: string }) => {
    request.log.info({ ...of, way: 'oidc' }, 'nobody signed in to the console');
    return go(reply, problemPage(of.problem));
  };

  app.get(SIGN_IN_PATH, {
    schema: { ...schema, querystring: Type.Object({ to: Type.Optional(Type.String()) }) },
    handler: async (request, reply) => {
      const { to } = request.query as { to?: string };
      const site = request.headers['sec-fetch-site'];
      // Nobody is signed in because some other page said so.
      if (site !== undefined && site !== 'same-origin' && site !== 'none') return go(reply, '/console/');
      try {
        const { address, sealed } = await flow.begin(returnPage(to));
        underWay.set(request, reply, sealed, SIGN_IN_SECONDS);
        return go(reply, address);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        return say(request, reply, { problem: 'unavailable', why: error.message });
      }
    },
  });

  app.get(SIGNED_IN_PATH, {
    schema: {
      ...schema,
      querystring: Type.Object({
        code: Type.Optional(Type.String()),
        state: Type.Optional(Type.String()),
        iss: Type.Optional(Type.String()),
        error: Type.Optional(Type.String()),
      }),
    },
    handler: async (request, reply) => {
      const outcome = await flow.finish(request.query as CodeAnswer, underWay.read(request));
      underWay.clear(request, reply);
      if ('problem' in outcome) {
        onSignIn('oidc', 'refused');
        await countFailure(request, reply, outcome.why);
        return say(request, reply, outcome);
      }
      onSignIn('oidc', 'ok');
      beginSession(given, { way: 'oidc', signedIn: outcome.signedIn }, { request, reply });
      return go(reply, outcome.to);
    },
  });

  /** @throws GatewayRefusal RATE_LIMITED: each attempt may ask the provider something. */
  async function countFailure(request: FastifyRequest, reply: FastifyReply, why: string): Promise<void> {
    const error = unauthenticated(why);
    try {
      await refuse(error, request, reply);
    } catch (thrown) {
      if (thrown !== error) throw thrown;
    }
  }
}
