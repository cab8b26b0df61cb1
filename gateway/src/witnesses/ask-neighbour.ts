// A statement of another hospital's gateway, over TLS that both sides prove themselves in. What it answers is bounded,
// and it cannot send us elsewhere.
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { STATEMENT_BYTES_MAX } from '@consilium/verify';
import type { TlsListener } from '../http/tls-listener.ts';
import { isRevoked } from './revoked-neighbour.ts';
import type { Neighbour } from './witness-exchange.ts';
import type { NeighbourAddress } from './witness-file.ts';
import { STATEMENT_PATH } from './witness-listener.ts';

const TIMEOUT_MS = 10_000;

/** The neighbour at an address of the configuration, who is shown the certificate that the files have then. */
export function neighbourAt(
  { mspId, host, port, tlsRootCertificate, revocationLists }: NeighbourAddress,
  tls: Pick<TlsListener, 'options'>,
): Neighbour {
  return {
    mspId,
    ask: (block, signal) =>
      new Promise((resolve, reject) => {
        const timed = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
        const asked = request({
          host,
          port,
          path: block === undefined ? STATEMENT_PATH : `${STATEMENT_PATH}?block=${block}`,
          ...tls.options(TIMEOUT_MS),
          ...{ ca: tlsRootCertificate, minVersion: 'TLSv1.3' as const },
          checkServerIdentity(name, certificate) {
            const shown = new X509Certificate(certificate.raw);
            if (isRevoked(revocationLists, shown, new X509Certificate(tlsRootCertificate)))
              return new Error('its certificate was revoked');
            return checkServerIdentity(name, certificate);
          },
          agent: false,
          signal: timed,
        });
        asked.on('error', (error) =>
          reject(timed.aborted && !signal.aborted ? new Error(`not within ${TIMEOUT_MS / 1000} s`) : error),
        );
        asked.once('response', (response) => {
          isAnswered = true;
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > STATEMENT_BYTES_MAX) asked.destroy(new Error('its answer is too long'));
            else chunks.push(chunk);
          });
          response.on('error', reject);
          response.once('end', () => {
            if (response.statusCode === 200) resolve(Buffer.concat(chunks));
            else reject(new Error(`it answers ${response.statusCode}`));
          });
        });
        let isAnswered = false;
        // Where it changed the protocol there is neither an error nor an answer.
        asked.once('close', () => isAnswered || reject(new Error('it ended the connection')));
        asked.end();
      }),
  };
}
