// Certificate revocation lists of an MSP: which serial numbers of an authority are revoked. Node has no reader for
// them.
import { latin1Text, looseBase64Bytes } from '../wire/bytes.ts';
import { bitsOf, childAt, childrenOf, DER, extensionIn, readDer } from '../wire/der-reader.ts';
import { sameBytes } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { algorithmOf, type Certificate, type IssuersSignature, isSignedBy, serialOf } from './certificate.ts';

/** The serial numbers that an authority revoked. */
export interface RevocationList {
  readonly issuer: Uint8Array;
  /** Whose list it is. Undefined: Fabric then accepts no identity of the organisation. */
  readonly authorityKeyId: Uint8Array | undefined;
  readonly serials: ReadonlySet<string>;
  readonly issued: IssuersSignature;
}

const AUTHORITY_KEY_ID = '551d23';
const TAG_OF_EXTENSIONS = 0xa0;
const TAG_OF_KEY_ID = 0x80;

/** @param bytes PEM or DER. @throws UnreadableError */
export function readRevocationList(bytes: Uint8Array): RevocationList {
  const text = latin1Text(bytes);
  const block = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CRL-----/.exec(text);
  const der = block === null ? bytes : looseBase64Bytes(block[1]!.replaceAll(/\s/g, ''));
  if (der === undefined) throw new UnreadableError('not a readable revocation list');
  const list = readDer(der);
  const signed = childAt(list, 0, DER.sequence);
  const algorithm = childAt(list, 1, DER.sequence);
  const signature = bitsOf(childAt(list, 2, DER.bitString));
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
    issued: {
      algorithm: algorithmOf(algorithm),
      signed: signed.raw,
      signature,
      algorithmDer: algorithm.raw,
    },
  };
}

function keyIdIn(extension: Uint8Array | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined;
  return childrenOf(readDer(extension)).find(({ tag }) => tag === TAG_OF_KEY_ID)?.contents;
}

/** Whether a list of this authority names the certificate. */
export const isRevokedBy = (
  { authorityKeyId, serials, issued }: RevocationList,
  certificate: Certificate,
  authority: Certificate,
): boolean =>
  serials.has(certificate.serial) &&
  authorityKeyId !== undefined &&
  authority.subjectKeyId !== undefined &&
  sameBytes(authorityKeyId, authority.subjectKeyId) &&
  isSignedBy(issued, authority.publicKey);
