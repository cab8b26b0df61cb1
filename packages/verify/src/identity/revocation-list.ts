// Certificate revocation lists of an MSP: which serial numbers of an authority are revoked. Node has no reader for
// them. Whatever Go reads is read, and means the same: a member alone brings a list into the channel, in any form that
// peers take.
import { bitsOf, childAt, childrenOf, DER, elementAt, extensionIn, readDer } from '../wire/der-reader.ts';
import { sameBytes } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, type IssuersSignature, isSignedBy, serialOf } from './certificate.ts';
import { readPem } from './pem-reader.ts';
import { lowSForm } from './signature.ts';
import { signatureAlgorithmOf } from './signature-algorithm.ts';

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
  const der = bytes[0] === DER.sequence ? bytes : readPem(bytes);
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
      algorithm: signatureAlgorithmOf(algorithm),
      signed: signed.raw,
      signature,
      algorithmDer: algorithm.raw,
    },
  };
}

/** As Fabric has it: one that names no key is nobody's, and what cannot be read says nothing at all. */
function keyIdIn(extension: Uint8Array | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined;
  try {
    const names = elementAt(extension, 0);
    if (names.tag !== DER.sequence) return undefined;
    const [first] = childrenOf(names);
    return first?.tag === TAG_OF_KEY_ID ? first.contents : new Uint8Array();
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
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
  isListOf(issued, authority);

/** Fabric writes r and s again before it checks a list: whatever follows them is passed over. */
function isListOf(issued: IssuersSignature, { publicKey }: Certificate): boolean {
  const { kind } = publicKey;
  const low = kind === 'rsa' || kind === 'ed25519' ? undefined : lowSForm(issued.signature, kind);
  return isSignedBy({ ...issued, signature: low ?? issued.signature }, publicKey);
}
