// What of the API will go, said with each answer that used it (RFC 9745 and RFC 8594). The table is the whole of it:
// docs/reference/api-versions.md lists the same.
import type { FastifyReply } from 'fastify';

interface Deprecated {
  /** Since when it is not to be used in new programs, and from when on it may be gone. */
  readonly since: string;
  readonly sunset: string;
  readonly instead: string;
}

/** By what a caller sends. */
export const DEPRECATED = {
  pageSize: { since: '2026-12-01', sunset: '2027-12-01', instead: '`limit`' },
} as const satisfies Record<string, Deprecated>;

/** Says of an answer that its request used something that will go. */
export function isDeprecated(reply: FastifyReply, what: keyof typeof DEPRECATED): void {
  const { since, sunset } = DEPRECATED[what];
  reply.header('deprecation', `@${Date.parse(since) / 1000}`);
  reply.header('sunset', new Date(sunset).toUTCString());
}
