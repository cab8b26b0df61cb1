// Certificates field by field, as nobody's program writes them but a member's own: with any key, any signature, and
// whatever is to be tried between what is signed and its signature.
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concatBytes, hexBytes, utf8Bytes } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { derElement, derNumber } from '../wire/der-writer.ts';

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array =>
  derElement(DER.sequence, concatBytes(parts));
export const oid = (digits: string): Uint8Array => derElement(DER.oid, hexBytes(digits));
const octets = (bytes: Uint8Array): Uint8Array => derElement(DER.octetString, bytes);
const integer = (number: number): Uint8Array => derElement(DER.integer, derNumber(number));
const NULL = hexBytes('0500');
const CRITICAL = hexBytes('0101ff');

/** A key, and how it signs certificates. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Kinds of keys that authorities have. */
export const KEYS = {
  ec: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  p224: () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
  p384: () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  rsa: (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength }),
} as const;

const SHA2 = ['sha256', 'sha384', 'sha512'] as const;
const HASHES = {
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
} as const;
type Hash = (typeof SHA2)[number];

/** An algorithm by its name in DER, and how it signs. */
export interface Algorithm {
  readonly name: string;
  readonly der: Uint8Array;
  readonly sign: (data: Uint8Array, key: KeyObject) => Uint8Array;
}

const plain = (name: string, der: Uint8Array, digest: string | null): Algorithm => ({
  name,
  der,
  sign: (data, key) => new Uint8Array(sign(digest, data, key)),
});

const pss = (hash: Hash, saltLength: number): Algorithm => {
  const digest = sequence(oid(HASHES[hash]), NULL);
  const parameters = sequence(
    derElement(0xa0, digest),
    derElement(0xa1, sequence(oid('2a864886f70d010108'), digest)),
    derElement(0xa2, integer(saltLength)),
  );
  return {
    name: `PSS ${hash} ${saltLength}`,
    der: sequence(oid('2a864886f70d01010a'), parameters),
    sign: (data, key) =>
      new Uint8Array(sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })),
  };
};

/** By the kind of key that signs so. */
export const ALGORITHMS = {
  ec: SHA2.map((hash, i) => plain(`ECDSA ${hash}`, sequence(oid(`2a8648ce3d04030${i + 2}`)), hash)),
  ecSha1: plain('ECDSA sha1', sequence(oid('2a8648ce3d0401')), 'sha1'),
  ed25519: plain('Ed25519', sequence(oid('2b6570')), null),
  pkcs1: SHA2.map((hash, i) =>
    plain(`PKCS #1 ${hash}`, sequence(oid(`2a864886f70d01010${(i + 11).toString(16)}`), NULL), hash),
  ),
  pkcs1Sha1: plain('PKCS #1 sha1', sequence(oid('2a864886f70d010105'), NULL), 'sha1'),
  pss: SHA2.map((hash, i) => pss(hash, [32, 48, 64][i]!)),
  /** With a salt of another length than Go takes. */
  pssOdd: pss('sha256', 20),
} as const;

/** A name with these units. */
export function nameOf(commonName: string, units: readonly string[] = []): Uint8Array {
  const part = (type: string, text: string) =>
    derElement(DER.set, sequence(oid(type), derElement(0x0c, utf8Bytes(text))));
  return sequence(part('550403', commonName), ...units.map((unit) => part('55040b', unit)));
}

/** @param value of the extension, in DER */
export const extensionOf = (name: string, value: Uint8Array, isCritical = false): Uint8Array =>
  sequence(oid(name), ...(isCritical ? [CRITICAL] : []), octets(value));

/** What authorities say of themselves. @param pathLength how many authorities may follow */
export const ofAuthority = (keyId: string, pathLength?: number): Uint8Array[] => [
  extensionOf(
    '551d13',
    sequence(hexBytes('0101ff'), ...(pathLength === undefined ? [] : [integer(pathLength)])),
    true,
  ),
  extensionOf('551d0e', octets(hexBytes(keyId))),
];

/** A certificate's fields: those that are not given are the usual ones. */
export interface CertificateFields {
  readonly serial?: number;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly extensions?: readonly Uint8Array[];
  /** As UTCTime writes them. */
  readonly from?: string;
  readonly to?: string;
  readonly signer: KeyObject;
  readonly algorithm: Algorithm;
  /** Changes the fields that are signed, before they are. */
  readonly change?: (fields: Uint8Array[]) => void;
}

/** In DER. */
export function makeCertificate(fields: CertificateFields): Uint8Array {
  const { serial = 7, issuer, subject, publicKey, extensions = [], algorithm, signer } = fields;
  const { from = '200101000000Z', to = '491231000000Z', change } = fields;
  const time = (text: string) => derElement(DER.utcTime, utf8Bytes(text));
  const all = [
    hexBytes('a003020102'),
    integer(serial),
    algorithm.der,
    issuer,
    sequence(time(from), time(to)),
    subject,
    new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
    ...(extensions.length > 0 ? [derElement(0xa3, sequence(...extensions))] : []),
  ];
  change?.(all);
  return signedBy(sequence(...all), { algorithm, signer });
}

/** What is signed with its signature, in DER. */
export function signedBy(
  signed: Uint8Array,
  { algorithm, signer }: { readonly algorithm: Algorithm; readonly signer: KeyObject },
): Uint8Array {
  const signature = concatBytes([Uint8Array.of(0), algorithm.sign(signed, signer)]);
  return sequence(signed, algorithm.der, derElement(DER.bitString, signature));
}

/** A certificate with the same fields, by another key of the authority's. */
export function reissued(
  der: Uint8Array,
  by: { readonly algorithm: Algorithm; readonly signer: KeyObject },
): Uint8Array {
  const [signed] = childrenOf(readDer(der));
  const fields = childrenOf(signed!).map(({ raw }) => raw);
  return signedBy(sequence(...fields.with(2, by.algorithm.der)), by);
}

/** A list of revoked certificates, in DER. */
export function makeRevocationList({
  issuer,
  keyId,
  serials,
  signer,
  algorithm,
}: {
  readonly issuer: Uint8Array;
  readonly keyId: string;
  readonly serials: readonly number[];
  readonly signer: KeyObject;
  readonly algorithm: Algorithm;
}): Uint8Array {
  const time = derElement(DER.utcTime, utf8Bytes('200101000000Z'));
  const key = extensionOf('551d23', sequence(derElement(0x80, hexBytes(keyId))));
  const signed = sequence(
    integer(1),
    algorithm.der,
    issuer,
    time,
    ...(serials.length > 0 ? [sequence(...serials.map((serial) => sequence(integer(serial), time)))] : []),
    derElement(0xa0, sequence(key)),
  );
  return signedBy(signed, { algorithm, signer });
}

/** In PEM. */
export const pemOf = (der: Uint8Array, type = 'CERTIFICATE'): Uint8Array =>
  utf8Bytes(`-----BEGIN ${type}-----\n${Buffer.from(der).toString('base64')}\n-----END ${type}-----\n`);
