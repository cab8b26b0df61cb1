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
  elementAt,
  oidOf,
  readDer,
} from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { timeIn } from './certificate-time.ts';
import { type NamePart, readName } from './distinguished-name.ts';
import { readPem } from './pem-reader.ts';
import { lowSForm } from './signature.ts';

const OU = '55040b';
const COMMON_NAME = '550403';
/** 1.2.3.4.5.6.7.8.1, the name of the extension of Fabric CA. */
const ATTRIBUTES = '2a03040506070801';
const SUBJECT_KEY_ID = '551d0e';
const AUTHORITY_KEY_ID = '551d23';
const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
/** Of the usage of a key: it signs certificates. */
const SIGNS_CERTIFICATES = 0x04;
const TAG_OF_VERSION = 0xa0;
const TAG_OF_EXTENSIONS = 0xa3;
const TAGS_OF_UNIQUE_IDS = [0x81, 0x82];
/** Extensions that Go understands where they are critical: 2.5.29 and these (RFC 5280, section 4.2). */
const KNOWN: ReadonlySet<string> = new Set(
  ['0f', '11', '13', '1e', '1f', '20', '21', '24', '25', '36'].map((last) => `551d${last}`),
);

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
  /** The key as X.509 writes it, in DER: it is written in one way alone. */
  readonly keyInfo: Uint8Array;
  /** Whether its holder may issue certificates. */
  readonly isAuthority: boolean;
  /** Whether it says that it is one, whatever its key may be used for: peers accept no identity that does. */
  readonly saysAuthority: boolean;
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
  /** Of an authority: by which revocation lists name it. */
  readonly subjectKeyId: Uint8Array | undefined;
  readonly issued: IssuersSignature;
}

/** What an authority signed, of a certificate or of a list, and how. */
export interface IssuersSignature {
  /** Undefined of one that Fabric's identities do not use. */
  readonly algorithm: Digest | 'ed25519' | undefined;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The name of the algorithm, as it is written there. */
  readonly algorithmDer: Uint8Array;
}

/** @throws UnreadableError where the bytes are no PEM certificate with a key that Fabric's identities use */
export function readCertificate(pem: Uint8Array): Certificate {
  const der = readPem(pem);
  if (der === undefined) throw new UnreadableError('not a certificate in PEM');
  const [signed, algorithm, signature] = partsOf(readDer(der), [DER.sequence, DER.sequence, DER.bitString]);
  const fields = childrenOf(signed!);
  const version = versionIn(fields[0]);
  const [serial, signedAs, issuer, validity, subject, key, ...more] = fields.slice(
    version === undefined ? 0 : 1,
  );
  if (serial === undefined || signedAs === undefined || key === undefined) throw unreadable();
  const [from, to] = partsOf(validity);
  readName(issuer);
  const names = readName(subject);
  const extensions = version === 3 ? extensionsIn(more) : new Map<string, Extension>();
  refuseOddAuthorityKeyId(extensions.get(AUTHORITY_KEY_ID));
  return {
    der,
    sha256: hex(sha256(der)),
    publicKey: readPublicKey(key.raw),
    keyInfo: key.raw,
    ...authorityIn(extensions),
    validFromDate: timeIn(from),
    validToDate: timeIn(to),
    issuer: issuer!.raw,
    subject: subject!.raw,
    names,
    serial: serialIn(serial),
    organizationalUnits: names.filter(({ oid }) => oid === OU).map(({ text }) => text),
    commonName: names.find(({ oid }) => oid === COMMON_NAME)?.text,
    attributes: attributesIn(extensions.get(ATTRIBUTES)?.value),
    subjectKeyId: keyIdIn(extensions.get(SUBJECT_KEY_ID)),
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

/** 1 to 3; undefined where it is not written, which is 1. */
function versionIn(field: DerElement | undefined): number | undefined {
  if (field?.tag !== TAG_OF_VERSION) return undefined;
  const [number, ...more] = childrenOf(field);
  const [value = 0xff, ...rest] = number?.contents ?? [];
  if (number?.tag !== DER.integer || value > 2 || rest.length > 0 || more.length > 0) throw unreadable();
  return value + 1;
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** By their names, each once. They follow what nobody uses: numbers of the authority and of the holder. */
function extensionsIn(fields: readonly DerElement[]): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const place = TAGS_OF_UNIQUE_IDS.reduce((at, tag) => (fields[at]?.tag === tag ? at + 1 : at), 0);
  const all = fields[place];
  if (all?.tag !== TAG_OF_EXTENSIONS) return found;
  for (const one of partsOf(childAt(all, 0))) {
    const [name, ...parts] = partsOf(one);
    const oid = oidOf(name);
    const isMarked = parts[0]?.tag === DER.boolean;
    const isCritical = isMarked && booleanOf(parts[0]!);
    const value = parts[isMarked ? 1 : 0];
    // What is critical and not known to Go is accepted by no peer.
    if (value?.tag !== DER.octetString || found.has(oid) || (isCritical && !KNOWN.has(oid)))
      throw unreadable();
    found.set(oid, { isCritical, value: value.contents });
  }
  return found;
}

function booleanOf({ contents }: DerElement): boolean {
  const [value] = contents;
  if (contents.length !== 1 || (value !== 0 && value !== 0xff)) throw unreadable();
  return value === 0xff;
}

/** It says that it is one, and where it names usages, issuing is one of them. */
function authorityIn(extensions: ReadonlyMap<string, Extension>) {
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const [says] = constraints === undefined ? [] : partsOf(elementAt(constraints.value, 0));
  const saysAuthority = says?.tag === DER.boolean && booleanOf(says);
  const usage = usageIn(extensions.get(KEY_USAGE));
  const signs = usage === undefined || (usage & SIGNS_CERTIFICATES) !== 0;
  return { saysAuthority, isAuthority: saysAuthority && signs };
}

/** The first eight usages of a key, the first one highest; undefined where none are named. */
function usageIn(extension: Extension | undefined): number | undefined {
  if (extension === undefined) return undefined;
  const bits = elementAt(extension.value, 0);
  if (bits.tag !== DER.bitString) throw unreadable();
  bitsOf(bits);
  return bits.contents[1] ?? 0;
}

/** Nothing is read of it, and peers refuse what is none. */
function refuseOddAuthorityKeyId(extension: Extension | undefined): void {
  if (extension?.isCritical) throw unreadable();
  if (extension !== undefined && elementAt(extension.value, 0).tag !== DER.sequence) throw unreadable();
}

function keyIdIn(extension: Extension | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined;
  const { tag, contents } = elementAt(extension.value, 0);
  if (tag !== DER.octetString || extension.isCritical) throw unreadable();
  return contents;
}

/** As certificates have it, not below zero and as short as can be. */
function serialIn(number: DerElement): string {
  const [first = 0x80, second = 0x80] = number.contents;
  if (number.tag !== DER.integer || first >= 0x80 || (first === 0 && second < 0x80)) throw unreadable();
  return serialOf(number);
}

/** Undefined of one that Fabric's identities do not use. */
export function algorithmOf(algorithm: DerElement): Digest | 'ed25519' | undefined {
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
