// Certificate revocation lists of an MSP: which serial numbers of an authority are revoked. Node has no reader for
// them.
import { verify, type X509Certificate } from 'node:crypto';
import { childAt, childrenOf, DER, extensionIn, readDer } from '../wire/der-reader.ts';
import { sameBytes } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, readCertificate, serialOf } from './certificate.ts';

/** The serial numbers that an authority revoked. */
export interface RevocationList {
  readonly issuer: Uint8Array;
  /** Whose list it is. Undefined: Fabric then accepts no identity of the organisation. */
  readonly authorityKeyId: Uint8Array | undefined;
  readonly serials: ReadonlySet<string>;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const AUTHORITY_KEY_ID = '551d23';
const TAG_OF_EXTENSIONS = 0xa0;
const TAG_OF_KEY_ID = 0x80;

/** @param bytes PEM or DER. @throws UnreadableError */
export function readRevocationList(bytes: Uint8Array): RevocationList {
  const text = Buffer.from(bytes).toString('latin1');
  const block = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CRL-----/.exec(text);
  const list = readDer(block === null ? bytes : Buffer.from(block[1]!, 'base64'));
  const signed = childAt(list, 0, DER.sequence);
  const signature = childAt(list, 2, DER.bitString).contents;
  if (signature[0] !== 0) throw new UnreadableError('not a readable revocation list');
  const fields = childrenOf(signed);
  // The version is optional; the signature's algorithm and the issuer follow it.
  const first = fields[0]?.tag === DER.integer ? 1 : 0;
  const issuer = fields[first + 1];
  const isTime = (tag: number | undefined) => tag === DER.utcTime || tag === DER.generalizedTime;
  let next = first + 2;
  while (isTime(fields[next]?.tag)) next += 1;
  const revoked = fields[next];
  if (issuer === undefined) throw new UnreadableError('not a readable revocation list');
  const serials =
    revoked?.tag === DER.sequence
      ? childrenOf(revoked).map((entry) => serialOf(childAt(entry, 0, DER.integer)))
      : [];
  return {
    issuer: issuer.raw,
    authorityKeyId: keyIdIn(
      extensionIn(
        fields.find(({ tag }) => tag === TAG_OF_EXTENSIONS),
        AUTHORITY_KEY_ID,
      ),
    ),
    serials: new Set(serials),
    signed: signed.raw,
    signature: signature.subarray(1),
  };
}

function keyIdIn(extension: Uint8Array | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined;
  return childrenOf(readDer(extension)).find(({ tag }) => tag === TAG_OF_KEY_ID)?.contents;
}

/** Whether a list of this authority names the certificate. */
export const isRevokedBy = (
  { authorityKeyId, serials, signed, signature }: RevocationList,
  certificate: Certificate,
  authority: Certificate,
): boolean =>
  serials.has(certificate.serial) &&
  authorityKeyId !== undefined &&
  authority.subjectKeyId !== undefined &&
  sameBytes(authorityKeyId, authority.subjectKeyId) &&
  verify(
    authority.x509.publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256',
    signed,
    authority.x509.publicKey,
    signature,
  );

const LISTS = /-----BEGIN (?:X509 )?CRL-----[A-Za-z0-9+/=\s]+-----END (?:X509 )?CRL-----/g;

/** The lists in a text of PEM that this authority signed, each as it is written there; others are left out. */
export function listsOfAuthority(text: string, authority: X509Certificate): string[] {
  const isSigned = (pem: string) => {
    const { signed, signature } = readRevocationList(Buffer.from(pem));
    return verify('sha256', signed, authority.publicKey, signature);
  };
  return (text.match(LISTS) ?? []).filter(isSigned);
}

/**
 * Whether a list in the text, which the authority signed, names a certificate of it. Lists of others do not count.
 *
 * @throws UnreadableError where the text has lists that cannot be read
 */
export function isOnLists(text: string, certificate: X509Certificate, authority: X509Certificate): boolean {
  const { serial } = readCertificate(Buffer.from(certificate.toString()));
  return listsOfAuthority(text, authority).some((pem) =>
    readRevocationList(Buffer.from(pem)).serials.has(serial),
  );
}
