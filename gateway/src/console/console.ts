// The console, as far as this service is concerned: who is signed in, and the files of the page.
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../config.ts';
import type { AccessTokens } from '../http/access-tokens.ts';
import type { ApiKeys } from '../http/api-keys.ts';
import type { CookieCallers } from '../http/authentication.ts';
import type { Refuse } from '../http/failure-limit.ts';
import { hashOfKeyText } from '../http/key-file.ts';
import type { Metrics } from '../metrics.ts';
import type { HistorySource } from '../read-model/ledger-history.ts';
import { CodeFlow } from './code-flow.ts';
import { ConsoleFiles } from './console-files.ts';
import { addConsolePages } from './console-pages.ts';
import { cookieCallers } from './cookie-callers.ts';
import { noteOperations } from './offered-operations.ts';
import { GatewayCookie } from './session-cookie.ts';
import { addSessionRoutes } from './session-routes.ts';
import { Sessions, type Shown } from './sessions.ts';
import { addSignInRoutes } from './sign-in-routes.ts';

/** Where the build of this release writes the page. */
export const SITE_DIRECTORY = fileURLToPath(new URL('../../../console/dist/site', import.meta.url));

/** The console of a gateway that serves one. */
export interface ConsoleGiven {
  /** The folder of its files. */
  readonly directory: string;
}

export interface ConsoleNeeds {
  readonly apiKeys: ApiKeys;
  /** People sign in with API keys alone where it is absent, or has no client for them. */
  readonly tokens: AccessTokens | undefined;
  readonly limits: Limits;
  readonly mspId: string;
  readonly history: HistorySource;
  readonly metrics: Pick<Metrics, 'watchSessions' | 'consoleSignIns'>;
}

export interface Console {
  readonly callers: CookieCallers;
  readonly sessions: Sessions;
  /** Whether its page is there. */
  readonly isBuilt: boolean;
  /** Call it after whatever limits callers. */
  addRoutes(refuse: Refuse): void;
}

/** Call it before routes are added: it notes them. Closing the service ends all sessions. */
export function openConsole(app: FastifyInstance, given: ConsoleGiven, needs: ConsoleNeeds): Console {
  const { apiKeys, tokens, limits, mspId, history, metrics } = needs;
  const client = tokens?.settings.client;
  const sessions = new Sessions({
    ...{ apiKeys, limits },
    onEnd: ({ name }, why) => app.log.info({ session: name, why }, 'a session of the console ended'),
  });
  metrics.watchSessions(sessions);
  const cookie = new GatewayCookie({ stem: 'consilium-session', mspId, sameSite: 'Strict' });
  const mayCall = noteOperations(app);
  const files = new ConsoleFiles(given.directory);
  app.addHook('preClose', async () => sessions.close());
  return {
    callers: cookieCallers(sessions, cookie),
    sessions,
    isBuilt: files.isBuilt,
    addRoutes(refuse) {
      const onSignIn = (way: Shown['way'], outcome: 'ok' | 'refused') =>
        metrics.consoleSignIns.inc({ way, outcome });
      addSessionRoutes(app, {
        ...{ sessions, cookie, mspId, history, mayCall, refuse, onSignIn },
        oidc: client !== undefined,
        idleMs: limits.sessionIdleMs,
        look: (presented) => {
          const known = apiKeys.look(presented);
          return 'why' in known ? known : { hash: hashOfKeyText(presented) };
        },
      });
      if (tokens !== undefined && client !== undefined) {
        const underWay = new GatewayCookie({ stem: 'consilium-sign-in', mspId, sameSite: 'Lax' });
        const flow = new CodeFlow(tokens, client);
        addSignInRoutes(app, { sessions, cookie, refuse, onSignIn, flow, underWay });
      }
      addConsolePages(app, files);
    },
  };
}
