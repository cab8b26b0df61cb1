// A signature that a client made with a key which this gateway never has: checked before peers are asked, so that the
// mistake is named here, and brought to the form that Fabric takes.
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { DomainError, problem } from '@consilium/domain';
import { smallerS } from '../fabric/ledger-signature.ts';

const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

export interface ClientCertificate {
  /** Nothing but the certificate. */
  readonly pem: string;
  readonly key: KeyObject;
}

/**
 * A certificate that can sign transactions now. Whether the organisation's authority issued it, and which role it
 * carries, peers say.
 *
 * @param pem one certificate
 * @throws DomainError INVALID_ARGUMENT for what is no certificate, has ended, or has a key that Fabric does not take
 */
export function clientCertificate(pem: string, nowMs: number): ClientCertificate {
  const certificate = readCertificate(pem);
  if (nowMs < certificate.validFromDate.getTime() || nowMs >= certificate.validToDate.getTime()) {
    const { validFrom, validTo } = certificate;
    throw invalid(`is valid from ${validFrom} to ${validTo}, and not now`);
  }
  const { publicKey } = certificate;
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  const fits =
    asymmetricKeyType === 'ed25519' ||
    (asymmetricKeyType === 'ec' && CURVES.includes(asymmetricKeyDetails?.namedCurve));
  if (!fits)
    throw invalid('has a key that Fabric does not take: it must be ECDSA on P-256 or P-384, or Ed25519');
  return { pem: certificate.toString(), key: publicKey };
}

/**
 * The signature as Fabric takes it; undefined where it is not of this message and key.
 *
 * @param signature DER for ECDSA over SHA-256, 64 bytes for Ed25519
 */
export function fabricSignature(
  message: Uint8Array,
  signature: Uint8Array,
  key: KeyObject,
): Uint8Array | undefined {
  const isEdwards = key.asymmetricKeyType === 'ed25519';
  if (!verify(isEdwards ? null : 'sha256', message, key, signature)) return undefined;
  return isEdwards ? signature : smallerS(signature, key);
}

function readCertificate(pem: string): X509Certificate {
  if (pem.split('-----BEGIN ').length !== 2) throw invalid('must be one certificate in PEM');
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid('must be a certificate in PEM, beginning with -----BEGIN CERTIFICATE-----');
  }
}

const invalid = (text: string) => new DomainError('INVALID_ARGUMENT', [problem('certificate', text)]);
