// Certificates as an MSP reads them: who issued them, their serial number and organisational units. Node checks the
// signatures; names and numbers are read from the DER itself, so that no text form stands between.
import { X509Certificate } from 'node:crypto';
import { childAt, childrenOf, DER, type DerElement, extensionIn, readDer } from '../wire/der-reader.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { readPem } from './pem-reader.ts';
import { isKnownKey } from './signature.ts';

const OU = '55040b';
const COMMON_NAME = '550403';
/** 1.2.3.4.5.6.7.8.1, the name of the extension of Fabric CA. */
const ATTRIBUTES = '2a03040506070801';
const SUBJECT_KEY_ID = '551d0e';
const TAG_OF_VERSION = 0xa0;
const TAG_OF_EXTENSIONS = 0xa3;

/** A certificate, and what an MSP reads of it. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** SHA-256 of its DER, in hexadecimal: two identities of the same certificate are one. */
  readonly sha256: string;
  /** Of the DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly serial: string;
  readonly organizationalUnits: readonly string[];
  /** The subject's; undefined where it has none. */
  readonly commonName: string | undefined;
  /** What Fabric CA writes into certificates beside names, such as a role. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Of an authority: by which revocation lists name it. */
  readonly subjectKeyId: Uint8Array | undefined;
}

/** @throws UnreadableError where the bytes are no PEM certificate with a key that Fabric's identities use */
export function readCertificate(pem: Uint8Array): Certificate {
  const der = readPem(pem);
  if (der === undefined) throw new UnreadableError('not a certificate in PEM');
  const x509 = parse(der);
  const fields = childrenOf(childAt(readDer(x509.raw), 0, DER.sequence));
  const first = fields[0]?.tag === TAG_OF_VERSION ? 1 : 0;
  const [serial, , issuer, , subject] = fields.slice(first);
  if (serial?.tag !== DER.integer || issuer === undefined || subject === undefined) {
    throw new UnreadableError('not a readable certificate');
  }
  const extensions = fields.find(({ tag }) => tag === TAG_OF_EXTENSIONS);
  const keyId = extensionIn(extensions, SUBJECT_KEY_ID);
  return {
    x509,
    sha256: hex(sha256(x509.raw)),
    issuer: issuer.raw,
    subject: subject.raw,
    serial: serialOf(serial),
    organizationalUnits: namesOf(subject, OU),
    commonName: namesOf(subject, COMMON_NAME)[0],
    attributes: attributesIn(extensionIn(extensions, ATTRIBUTES)),
    subjectKeyId: keyId === undefined ? undefined : readDer(keyId).contents,
  };
}

function parse(der: Uint8Array): X509Certificate {
  let isUsable: boolean;
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
    isUsable = isKnownKey(x509.publicKey);
  } catch (cause) {
    throw new UnreadableError('not a readable certificate', { cause });
  }
  if (!isUsable) throw new UnreadableError('its key is of a kind that is not used in Fabric');
  return x509;
}

/** The number in hexadecimal, without what DER puts before it for its sign. */
export const serialOf = ({ contents }: DerElement): string => hex(contents).replace(/^(00)+(?=..)/, '');

/** Those that are texts, of what is `{"attrs": {…}}`. Contracts read them so: nothing is checked by them here. */
function attributesIn(extension: Uint8Array | undefined): Record<string, string> {
  if (extension === undefined) return {};
  try {
    const { attrs } = JSON.parse(Buffer.from(extension).toString('utf8')) as { attrs?: object };
    return Object.fromEntries(Object.entries(attrs ?? {}).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

function namesOf(subject: DerElement, oid: string): string[] {
  return childrenOf(subject)
    .flatMap(childrenOf)
    .filter((attribute) => hex(childAt(attribute, 0, DER.oid).contents) === oid)
    .map((attribute) => Buffer.from(childAt(attribute, 1).contents).toString('utf8'));
}

/** Whether one certificate's name and key made the other. */
export const isIssuedBy = (certificate: Certificate, authority: Certificate): boolean =>
  authority.x509.ca &&
  sameBytes(certificate.issuer, authority.subject) &&
  certificate.x509.verify(authority.x509.publicKey);
