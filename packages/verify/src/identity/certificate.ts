// Certificates as an MSP reads them: who issued them, their serial number, organisational units and key. All is read
// from the DER itself, so that no text form comes between, and alike in Node and in a browser.
import { readPublicKey } from '#cryptography';
import type { PublicKey, SignatureAlgorithm } from '../cryptography/public-key.ts';
import { utf8Text } from '../wire/bytes.ts';
import { DerCursor } from '../wire/der-cursor.ts';
import { bitsOf, DER, type DerElement, integerOf } from '../wire/der-reader.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type ExtensionFacts, readExtensions } from './certificate-extensions.ts';
import { timeIn } from './certificate-time.ts';
import { type NamePart, readName } from './distinguished-name.ts';
import { KnownIssuance } from './known-issuance.ts';
import { readPem } from './pem-reader.ts';
import { signatureAlgorithmOf } from './signature-algorithm.ts';

const OU = '55040b';
const COMMON_NAME = '550403';
const TAG_OF_VERSION = 0xa0;
const TAG_OF_EXTENSIONS = 0xa3;
const TAGS_OF_UNIQUE_IDS = [0x81, 0x82];

/** A certificate, and what an MSP reads of it. */
export interface Certificate extends Omit<ExtensionFacts, 'attributes'> {
  /** All of it. */
  readonly der: Uint8Array;
  /** SHA-256 of its DER, in hexadecimal; of an identity that was judged, of the DER by which Fabric knows it. */
  readonly sha256: string;
  readonly publicKey: PublicKey;
  /** The key as X.509 writes it, in DER: it is written in one way alone. */
  readonly keyInfo: Uint8Array;
  readonly validFromDate: Date;
  readonly validToDate: Date;
  /** Of the DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** What the subject says, part by part. */
  readonly names: readonly NamePart[];
  readonly serial: string;
  readonly organizationalUnits: readonly string[];
  /** The subject's; undefined where it has none. */
  readonly commonName: string | undefined;
  /** What Fabric CA writes into certificates beside names, such as a role. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly issued: IssuersSignature;
  /** Whether Fabric can write it once more: it refuses what it cannot where it has to. */
  readonly isRewritable: boolean;
}

/** What an authority signed, of a certificate or of a list, and how. */
export interface IssuersSignature {
  /** Undefined of one that Go does not know. */
  readonly algorithm: SignatureAlgorithm | undefined;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The name of the algorithm, as it is written there. */
  readonly algorithmDer: Uint8Array;
}

/** @throws UnreadableError where the bytes are no PEM certificate with a key that Fabric reads */
export function readCertificate(pem: Uint8Array): Certificate {
  const der = readPem(pem);
  if (der === undefined) throw new UnreadableError('not a certificate in PEM');
  const file = new DerCursor(der);
  const whole = file.inside(DER.sequence);
  if (!file.isAtEnd) throw unreadable();
  const signed = whole.one(DER.sequence);
  const fields = new DerCursor(signed.contents);
  const version = versionIn(fields.optional(TAG_OF_VERSION));
  const serial = serialIn(fields.any());
  const signedAs = fields.one(DER.sequence);
  const algorithm = whole.one(DER.sequence);
  // The name within what is signed, and the one beside it, are the same.
  if (!sameBytes(signedAs.raw, algorithm.raw)) throw unreadable();
  const issuer = fields.one(DER.sequence);
  readName(issuer);
  const validity = fields.inside(DER.sequence);
  const [validFromDate, validToDate] = [timeIn(validity.any()), timeIn(validity.any())];
  const subject = fields.one(DER.sequence);
  const names = readName(subject);
  const key = fields.one(DER.sequence);
  const list = version === 1 ? undefined : extensionsIn(fields, version);
  const { attributes, ...extensions } = readExtensions(list);
  return {
    der,
    sha256: hex(sha256(der)),
    publicKey: readPublicKey(key.raw),
    keyInfo: key.raw,
    ...extensions,
    validFromDate,
    validToDate,
    issuer: issuer.raw,
    subject: subject.raw,
    names,
    serial,
    organizationalUnits: names.filter(({ oid }) => oid === OU).map(({ text }) => text),
    commonName: names.find(({ oid }) => oid === COMMON_NAME)?.text,
    attributes: attributesIn(attributes),
    issued: {
      algorithm: signatureAlgorithmOf(algorithm),
      signed: signed.raw,
      signature: bitsOf(whole.one(DER.bitString)),
      algorithmDer: algorithm.raw,
    },
    // Go's other reader looks for extensions in what follows the fields.
    isRewritable: list !== undefined || (fields.beginsElement && fields.tag !== TAG_OF_EXTENSIONS),
  };
}

const unreadable = (): UnreadableError => new UnreadableError('not a readable certificate');

/** 1 to 3; 1 where it is not written. */
function versionIn(field: DerElement | undefined): number {
  if (field === undefined) return 1;
  const inside = new DerCursor(field.contents);
  const [value = 0xff, ...rest] = integerOf(inside.any());
  if (value > 2 || rest.length > 0 || !inside.isAtEnd) throw unreadable();
  return value + 1;
}

/** They follow what nobody uses: numbers of the authority and of the holder. */
function extensionsIn(fields: DerCursor, version: number): DerCursor | undefined {
  for (const tag of TAGS_OF_UNIQUE_IDS) fields.optional(tag);
  const all = version === 3 ? fields.optional(TAG_OF_EXTENSIONS) : undefined;
  return all && new DerCursor(all.contents).inside(DER.sequence);
}

/** As certificates have it, not below zero and as short as can be. */
function serialIn(number: DerElement): string {
  if (integerOf(number)[0]! >= 0x80) throw unreadable();
  return serialOf(number);
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

/** Of all certificates that this process read. */
export const knownIssuance = new KnownIssuance();

/** Whether one certificate's name and key made the other. */
export const isIssuedBy = (certificate: Certificate, authority: Certificate): boolean =>
  authority.isAuthority &&
  sameBytes(certificate.issuer, authority.subject) &&
  // SHA-1 counts in lists alone, as in Go.
  certificate.issued.algorithm?.digest !== 'sha1' &&
  knownIssuance.of(certificate, authority, () => isSignedBy(certificate.issued, authority.publicKey));

/** Whether this key made the signature of an authority. */
export const isSignedBy = ({ algorithm, signed, signature }: IssuersSignature, key: PublicKey): boolean =>
  algorithm !== undefined && key.verifies(algorithm, signed, signature);
