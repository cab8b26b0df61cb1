// The cookie of a session: an opaque random id, and nothing else. Browsers send a cookie to every port of a host, so
// that its name holds whose gateway gave it and at which port: four gateways on one machine do not overwrite each
// other's.
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Two values that differ are nobody's: another port or a neighbouring host may have added one. */
const isOne = (values: readonly string[]): boolean => new Set(values).size === 1;

const COOKIE_CHARACTERS_MAX = 16_384;

/** The value of a cookie in a header Cookie (RFC 6265, 4.2); undefined where there is none, or where several differ. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > COOKIE_CHARACTERS_MAX) return undefined;
  const values = header.split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
  return isOne(values) ? values[0] : undefined;
}

/** What cookies of one gateway are called, and how they are set. */
export class GatewayCookie {
  readonly #stem: string;
  readonly #sameSite: 'Strict' | 'Lax';

  /**
   * @param of `stem`: what it is for; `mspId`: whose gateway
   * @param of `sameSite`: Lax where it must come along when a page of another site sends the browser here
   */
  constructor(of: { readonly stem: string; readonly mspId: string; readonly sameSite: 'Strict' | 'Lax' }) {
    this.#stem = `${of.stem}-${of.mspId}`;
    this.#sameSite = of.sameSite;
  }

  /** With its prefix under TLS: no page of another host, nor one without TLS, can then set it. */
  nameFor({ protocol, raw }: FastifyRequest): string {
    const port = raw.socket.localPort;
    const name = `${this.#stem}${port === undefined ? '' : `-${port}`}`;
    return protocol === 'https' ? `__Host-${name}` : name;
  }

  read(request: FastifyRequest): string | undefined {
    return cookieIn(request.headers.cookie, this.nameFor(request));
  }

  /** Whether the request has one, of whatever value. */
  isIn(request: FastifyRequest): boolean {
    const { cookie = '' } = request.headers;
    const name = this.nameFor(request);
    return cookie.split(';').some((pair) => pair.split('=')[0]?.trim() === name);
  }

  /** @param maxAgeSeconds until the browser closes where it is absent */
  set(request: FastifyRequest, reply: FastifyReply, value: string, maxAgeSeconds?: number): void {
    const parts = [`${this.nameFor(request)}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${this.#sameSite}`];
    if (request.protocol === 'https') parts.push('Secure');
    if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`);
    // Beside another cookie of the same answer, of which Fastify makes a list.
    reply.header('set-cookie', parts.join('; '));
  }

  clear(request: FastifyRequest, reply: FastifyReply): void {
    this.set(request, reply, '', 0);
  }
}
