// Who signed, so that two statements of one signer can be told to be its own.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { DomainError } from '../domain/index.ts';
import { sha256 } from '../ledger/digest.ts';

/**
 * The public key of a certificate as Fabric passes it on, in PEM.
 *
 * @throws DomainError INVALID_ARGUMENT for one that is not readable here: what it signs could prove nothing
 */
export function publicKeyOf(certificate: Uint8Array): KeyObject {
  try {
    return new X509Certificate(certificate).publicKey;
  } catch {
    throw new DomainError(
      'INVALID_ARGUMENT',
      "the caller's certificate must be one in PEM, and nothing else",
    );
  }
}

/**
 * SHA-256 of a public key (SubjectPublicKeyInfo). A certificate's own bytes would not do: its text, and its issuer's
 * signature, can be written in several ways that are all the same certificate to Fabric.
 */
export const signerSha256 = (key: KeyObject): string => sha256(key.export({ type: 'spki', format: 'der' }));
