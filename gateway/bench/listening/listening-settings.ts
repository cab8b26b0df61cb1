// What a gateway needs that serves TLS and many listeners.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestAuthority } from '../../src/testing/test-certificates.ts';

/** Where the listeners' process writes the authority of its certificate, and the gateway reads it. */
export const authorityFileIn = (directory: string): string => join(directory, 'receiver.pem');

/** @returns settings of the gateway, and the PEM of the authority of its certificate */
export async function listeningSettings(of: {
  readonly directory: string;
  /** Of the receiver of webhooks. */
  readonly host: string;
  readonly streams: number;
  readonly webhooks: number;
}): Promise<{ readonly environment: Record<string, string>; readonly authority: string }> {
  const { directory, host, streams, webhooks } = of;
  const authority = await TestAuthority.create('of the bench');
  const { cert, key } = await authority.issue('gateway');
  const certificate = join(directory, 'tls.pem');
  const privateKey = join(directory, 'tls.key');
  writeFileSync(certificate, cert);
  writeFileSync(privateKey, key, { mode: 0o600 });
  const environment = {
    CONSILIUM_TLS_CERTIFICATE: certificate,
    CONSILIUM_TLS_KEY: privateKey,
    CONSILIUM_EVENT_STREAMS: String(streams + 20),
    CONSILIUM_EVENT_STREAMS_PER_KEY: String(streams + 20),
    CONSILIUM_WEBHOOKS: String(webhooks),
    CONSILIUM_WEBHOOKS_PER_KEY: String(webhooks),
    CONSILIUM_WEBHOOK_TARGETS: host,
    CONSILIUM_WEBHOOK_LOOPBACK: '127.0.0.1',
    NODE_EXTRA_CA_CERTS: authorityFileIn(directory),
  };
  return { environment, authority: authority.pem };
}
