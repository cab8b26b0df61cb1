// Who receives a webhook knows by its signature that this gateway sent it, and when (Standard Webhooks 1.0,
// github.com/standard-webhooks: HMAC-SHA-256 over `id.timestamp.body`, secrets as `whsec_` and base64).
import { createHmac, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;
const PREFIX = 'whsec_';

/** A secret of 256 random bits, in the form that libraries of Standard Webhooks take. */
export const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;

/** What one attempt carries. */
export interface SignedContent {
  /** Of the event: the same in every attempt. */
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

/** `v1,` and the signature in base64. */
export function signatureOf({ id, timestampSeconds, body }: SignedContent, secret: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`, 'utf8');
  return `v1,${mac.digest('base64')}`;
}

/** The headers of one attempt, with a signature by each secret that counts now. */
export const signedHeaders = (
  content: SignedContent,
  secrets: readonly string[],
): Record<string, string> => ({
  'webhook-id': content.id,
  'webhook-timestamp': String(content.timestampSeconds),
  'webhook-signature': secrets.map((secret) => signatureOf(content, secret)).join(' '),
});
