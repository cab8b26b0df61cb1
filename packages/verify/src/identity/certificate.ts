// Certificates as an MSP reads them: who issued them, their serial number, organisational units and key. All is read
// from the DER itself, so that no text form stands between, and alike in Node and in a browser.
import { readPublicKey } from '#cryptography';
import type { Digest, PublicKey } from '../cryptography/public-key.ts';
import { concatBytes, utf8Text } from '../wire/bytes.ts';
import {
  bitsOf,
  childAt,
  childrenOf,
  DER,
  type DerElement,
  extensionIn,
  readDer,
} from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { timeIn } from './certificate-time.ts';
import { readPem } from './pem-reader.ts';
import { lowSForm } from './signature.ts';

const OU = '55040b';
const COMMON_NAME = '550403';
/** 1.2.3.4.5.6.7.8.1, the name of the extension of Fabric CA. */
const ATTRIBUTES = '2a03040506070801';
const SUBJECT_KEY_ID = '551d0e';
const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
/** Of the usage of a key: it signs certificates. */
const SIGNS_CERTIFICATES = 0x04;
const TAG_OF_VERSION = 0xa0;
const TAG_OF_EXTENSIONS = 0xa3;

/** How certificates are signed, by the bytes of the names in DER: those that Go takes. */
const ALGORITHMS: Readonly<Record<string, Digest | 'ed25519'>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': 'ed25519',
};

/** A certificate, and what an MSP reads of it. */
export interface Certificate {
  /** All of it. */
  readonly der: Uint8Array;
  /** SHA-256 of its DER, in hexadecimal; of an identity that was judged, of the DER by which Fabric knows it. */
  readonly sha256: string;
  readonly publicKey: PublicKey;
  /** Whether its holder may issue certificates. */
  readonly isAuthority: boolean;
  readonly validFromDate: Date;
  readonly validToDate: Date;
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
  readonly issued: IssuersSignature;
}

/** What an authority signed of a certificate, and how. */
export interface IssuersSignature {
  /** Undefined of one that Fabric's identities do not use. */
  readonly algorithm: Digest | 'ed25519' | undefined;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The name of the algorithm, as the certificate has it. */
  readonly algorithmDer: Uint8Array;
}

/** @throws UnreadableError where the bytes are no PEM certificate with a key that Fabric's identities use */
export function readCertificate(pem: Uint8Array): Certificate {
  const der = readPem(pem);
  if (der === undefined) throw new UnreadableError('not a certificate in PEM');
  const [signed, algorithm, signature] = partsOf(readDer(der), [DER.sequence, DER.sequence, DER.bitString]);
  const fields = childrenOf(signed!);
  const first = fields[0]?.tag === TAG_OF_VERSION ? 1 : 0;
  const [serial, signedAs, issuer, validity, subject, key, ...more] = fields.slice(first);
  if (serial?.tag !== DER.integer || signedAs === undefined) throw unreadable();
  if (issuer?.tag !== DER.sequence || subject?.tag !== DER.sequence || key === undefined) throw unreadable();
  const [from, to] = partsOf(validity);
  const extensions = extensionsIn(more.find(({ tag }) => tag === TAG_OF_EXTENSIONS));
  const keyId = extensionIn(extensions, SUBJECT_KEY_ID);
  return {
    der,
    sha256: hex(sha256(der)),
    publicKey: readPublicKey(key.raw),
    isAuthority: isAuthority(extensions),
    validFromDate: timeIn(from),
    validToDate: timeIn(to),
    issuer: issuer.raw,
    subject: subject.raw,
    serial: serialOf(serial),
    organizationalUnits: namesOf(subject, OU),
    commonName: namesOf(subject, COMMON_NAME)[0],
    attributes: attributesIn(extensionIn(extensions, ATTRIBUTES)),
    subjectKeyId: keyId === undefined ? undefined : readDer(keyId).contents,
    issued: {
      // The name within what is signed, and the one beside it, are the same.
      algorithm: sameBytes(signedAs.raw, algorithm!.raw) ? algorithmOf(algorithm!) : undefined,
      signed: signed!.raw,
      signature: bitsOf(signature!),
      algorithmDer: algorithm!.raw,
    },
  };
}

const unreadable = (): UnreadableError => new UnreadableError('not a readable certificate');

/** The children of a sequence: of these tags and no others, where they are given. */
function partsOf(sequence: DerElement | undefined, tags?: readonly number[]): DerElement[] {
  if (sequence?.tag !== DER.sequence) throw unreadable();
  const parts = childrenOf(sequence);
  if (tags !== undefined && (parts.length !== tags.length || parts.some(({ tag }, i) => tag !== tags[i]))) {
    throw unreadable();
  }
  return parts;
}

/** Those that a certificate has, each once. */
function extensionsIn(extensions: DerElement | undefined): DerElement | undefined {
  if (extensions === undefined) return undefined;
  const names = partsOf(childAt(extensions, 0)).map((one) => hex(childAt(one, 0, DER.oid).contents));
  if (new Set(names).size < names.length) throw unreadable();
  return extensions;
}

/** As OpenSSL has it: it says that it is one, and where it names usages, issuing is one of them. */
function isAuthority(extensions: DerElement | undefined): boolean {
  const constraints = extensionIn(extensions, BASIC_CONSTRAINTS);
  const usage = extensionIn(extensions, KEY_USAGE);
  const [says] = constraints === undefined ? [] : partsOf(readDer(constraints));
  if (says?.tag !== DER.boolean || says.contents.length !== 1 || says.contents[0] === 0) return false;
  if (usage === undefined) return true;
  const { tag, contents } = readDer(usage);
  if (tag !== DER.bitString) throw unreadable();
  return ((contents[1] ?? 0) & SIGNS_CERTIFICATES) !== 0;
}

function algorithmOf(algorithm: DerElement): Digest | 'ed25519' | undefined {
  const name = hex(childAt(algorithm, 0, DER.oid).contents);
  const found = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  // Ed25519 has no parameters (RFC 8410, section 3).
  return found === 'ed25519' && childrenOf(algorithm).length > 1 ? undefined : found;
}

/** The number in hexadecimal, without what DER puts before it for its sign. */
export const serialOf = ({ contents }: DerElement): string => hex(contents).replace(/^(00)+(?=..)/, '');

/** Those that are texts, of what is `{"attrs": {…}}`. Contracts read them so: nothing is checked by them here. */
function attributesIn(extension: Uint8Array | undefined): Record<string, string> {
  if (extension === undefined) return {};
  try {
    const { attrs } = JSON.parse(utf8Text(extension)) as { attrs?: object };
    return Object.fromEntries(Object.entries(attrs ?? {}).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

function namesOf(subject: DerElement, oid: string): string[] {
  return childrenOf(subject)
    .flatMap(childrenOf)
    .filter((attribute) => hex(childAt(attribute, 0, DER.oid).contents) === oid)
    .map((attribute) => utf8Text(childAt(attribute, 1).contents));
}

/** Whether one certificate's name and key made the other. */
export const isIssuedBy = (certificate: Certificate, authority: Certificate): boolean =>
  authority.isAuthority &&
  sameBytes(certificate.issuer, authority.subject) &&
  isSignedBy(certificate.issued, authority.publicKey);

/**
 * SHA-256, in hexadecimal, of the certificate as Fabric writes it before it compares identities: its authority's
 * signature with the smaller s. Its holder can write the other one, and would else be two signers.
 */
export function identityDigest({ issued, sha256: digest }: Certificate, { publicKey }: Certificate): string {
  const low = publicKey.curve === 'ed25519' ? undefined : lowSForm(issued.signature, publicKey.curve);
  if (low === undefined || sameBytes(low, issued.signature)) return digest;
  const signature = derElement(DER.bitString, concatBytes([Uint8Array.of(0), low]));
  return hex(sha256(derElement(DER.sequence, concatBytes([issued.signed, issued.algorithmDer, signature]))));
}

/** Whether this key made the signature of an authority. */
export const isSignedBy = ({ algorithm, signed, signature }: IssuersSignature, key: PublicKey): boolean =>
  algorithm !== undefined &&
  (algorithm === 'ed25519') === (key.curve === 'ed25519') &&
  key.verifies(algorithm === 'ed25519' ? 'sha512' : algorithm, signed, signature);
