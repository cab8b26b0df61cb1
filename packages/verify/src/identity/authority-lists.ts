// What programs of Node read of certificates and revocation lists beside what an MSP does: of authorities with keys of
// any kind, and whatever OpenSSL says of a certificate.
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import type { Certificate, IssuersSignature } from './certificate.ts';
import { readRevocationList } from './revocation-list.ts';

const LISTS = /-----BEGIN (?:X509 )?CRL-----[A-Za-z0-9+/=\s]+-----END (?:X509 )?CRL-----/g;

/** The lists in a text of PEM that this authority signed, each as it is written there; others are left out. */
export function listsOfAuthority(text: string, authority: X509Certificate): string[] {
  return (text.match(LISTS) ?? []).filter((pem) =>
    isSignedWith(readRevocationList(Buffer.from(pem)).issued, authority.publicKey),
  );
}

const KINDS = { ecdsa: 'ec', ed25519: 'ed25519', pkcs1: 'rsa', pss: undefined } as const;

function isSignedWith({ algorithm, signed, signature }: IssuersSignature, key: KeyObject): boolean {
  if (algorithm === undefined || algorithm.digest === 'sha1') return false;
  const { scheme, digest } = algorithm;
  if (key.asymmetricKeyType !== KINDS[scheme]) return false;
  return verify(scheme === 'ed25519' ? null : digest, signed, key, signature);
}

/**
 * Whether a list in the text, which the authority signed, names a certificate of it. Lists of others do not count.
 *
 * @throws UnreadableError where the text has lists that cannot be read
 */
export function isOnLists(text: string, certificate: X509Certificate, authority: X509Certificate): boolean {
  const serial = certificate.serialNumber.toLowerCase();
  return listsOfAuthority(text, authority).some((pem) =>
    readRevocationList(Buffer.from(pem)).serials.has(serial),
  );
}

/** The certificate as OpenSSL reads it. @throws UnreadableError where it does not */
export function x509Of({ der }: Pick<Certificate, 'der'>): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new UnreadableError('not a readable certificate', { cause });
  }
}
