// Who signed, so that two statements can be recognised as one signer's.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { DomainError } from '@consilium/domain';
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

/** Curves whose signatures a report of an equivocation can verify: those that Fabric's clients sign with. */
const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1'];

/**
 * @throws DomainError INVALID_ARGUMENT for a key by which nobody could prove later what it signed, such as Ed25519's:
 *   Fabric takes it
 */
export function requireProvingKey(key: KeyObject): void {
  if (key.asymmetricKeyType === 'ec' && CURVES.includes(key.asymmetricKeyDetails?.namedCurve)) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    `statements are signed with an ECDSA key on P-256 or P-384, not ${key.asymmetricKeyType}: enrol such a key`,
  );
}

/**
 * SHA-256 of a public key (SubjectPublicKeyInfo). A certificate's own bytes would not do: its text, and its issuer's
 * signature, can be written in several ways that are all the same certificate to Fabric.
 */
export const signerSha256 = (key: KeyObject): string => sha256(key.export({ type: 'spki', format: 'der' }));
