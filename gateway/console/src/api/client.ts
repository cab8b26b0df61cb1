// The gateway's API from its own page: the session's cookie says who asks, and a header that no other page can send
// without being asked first says that it is this one.
import { Client } from '@consilium/client/browser';
import { fetchAttended } from './activity.ts';

/** Sent with every request: the gateway takes the cookie for nothing that changes something without it. */
export const CONSOLE_HEADER = { 'x-consilium-console': '1' } as const;

/** The gateway that served this page. */
export const gateway = new Client({
  url: typeof location === 'undefined' ? 'http://localhost' : location.origin,
  headers: CONSOLE_HEADER,
  fetch: fetchAttended(),
});

/** A name for a submission. `crypto.randomUUID` is not there on a page without TLS. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
