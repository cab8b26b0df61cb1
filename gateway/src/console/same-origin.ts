// Cookies come along with whatever a page has the browser send, also a page of somebody else. So a request that shows
// one is taken only if the browser says that a page of this very origin sent it (Fetch Metadata, W3C). SameSite alone
// does not do: every port of a host is one site.
import type { FastifyRequest } from 'fastify';
import { GATEWAY_ERRORS, GatewayRefusal } from '../gateway-errors.ts';

/** The header that the console's page adds. A page of another origin would have to ask for leave to, and gets none. */
export const CONSOLE_HEADER = 'x-consilium-console';
/** What the page sends with what nobody clicked on: such requests keep no session alive. */
export const BACKGROUND_HEADER = 'x-consilium-background';

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** Whether an origin, as a browser sends it, is where the request went. */
function isOwnOrigin(origin: string, { host }: FastifyRequest): boolean {
  const url = URL.parse(origin);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === origin && url.host === host;
}

/** What is wrong with where a request comes from; undefined where nothing is. */
export function crossSiteProblem(request: FastifyRequest): string | undefined {
  const { origin, [CONSOLE_HEADER]: marked, 'sec-fetch-site': site } = request.headers;
  const isMarked = marked === '1';
  if (site !== undefined) {
    if (site !== 'same-origin') return 'the browser says that no page of this origin sent it';
  } else if (origin !== undefined) {
    if (!isOwnOrigin(origin, request)) return 'its origin is another one';
    // Browsers say neither of reads on plain HTTP: the header then does, which no other origin may add.
  } else if (!isMarked) return `it says no origin, and has no header ${CONSOLE_HEADER}`;
  return isMarked || SAFE_METHODS.has(request.method) ? undefined : `the header ${CONSOLE_HEADER} is missing`;
}

/** @throws GatewayRefusal CROSS_SITE_REFUSED for a request that a page of another origin may have sent */
export function refuseCrossSite(request: FastifyRequest): void {
  const problem = crossSiteProblem(request);
  if (problem === undefined) return;
  const { meaning, remedy } = GATEWAY_ERRORS.CROSS_SITE_REFUSED;
  throw new GatewayRefusal('CROSS_SITE_REFUSED', `${meaning} Here ${problem}. ${remedy}`);
}
