// Certificates and revocation lists in words, and in the one form in PEM that a ceremony takes: text beside the block
// would be signed and shown to nobody.
import {
  type Certificate,
  readCertificate,
  readRevocationList,
  UnreadableError,
} from '@consilium/verify/channel';
import { sameBytes, sha256Hex } from './digests.ts';
import { visible } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';

/** DER as PEM: lines of 64 characters, each with its end. */
export const pemOf = (label: 'CERTIFICATE' | 'X509 CRL', der: Uint8Array): string => {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
};

/** @throws RefusedCeremonyError */
export function readableCertificate(pem: Uint8Array, what: string): Certificate {
  try {
    return readCertificate(pem);
  } catch (cause) {
    if (!(cause instanceof UnreadableError)) throw cause;
    return refuse(`the ${what} is no certificate that Fabric takes: ${cause.message}`, { cause });
  }
}

/** Of what the channel has already, which may be of a kind that no identity is; undefined where it is not read. */
export function presentCertificate(pem: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(pem);
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** What the parts of a name are called (RFC 4519, section 2; RFC 5280, A.1), by the bytes of their names in DER. */
const PARTS: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'serialNumber',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
  '0992268993f22c640119': 'DC',
  '2a864886f70d010901': 'emailAddress',
};

/** 'CN=orderer1, O=Alpha' in quotes, of characters that cannot be taken for others. Commas of a text are escaped. */
export const subjectOf = ({ names }: Pick<Certificate, 'names'>): string =>
  visible(
    names.map(({ oid, text }) => `${PARTS[oid] ?? oid}=${text.replaceAll(/[\\,+"<>;]/g, '\\$&')}`).join(', '),
  );

/** @param isNew whether it is to be signed: then it can be read, and nothing may be around it */
export function certificateInWords(pem: Uint8Array, what: string, isNew: boolean): string {
  const certificate = isNew ? readableCertificate(pem, what) : presentCertificate(pem);
  if (certificate === undefined)
    return `a certificate of a kind that no identity has; its text has SHA-256 ${sha256Hex(pem)}`;
  const { der, validToDate, sha256 } = certificate;
  if (isNew && pemOf('CERTIFICATE', der) !== Buffer.from(pem).toString('latin1')) {
    refuse(`the ${what} has something around its certificate: give the one block in PEM, with lines of 64`);
  }
  return `${subjectOf(certificate)}, valid to ${dayOf(validToDate)}, SHA-256 ${sha256}`;
}

/** One line for each revoked serial number, and one for the list itself. */
export function revocationListInWords(bytes: Uint8Array, what: string, isNew: boolean): string[] {
  const list = readableList(bytes, what);
  const text = Buffer.from(bytes).toString('latin1');
  const digits = /^-----BEGIN X509 CRL-----\n([A-Za-z0-9+/=\n]+)-----END X509 CRL-----\n$/.exec(text)?.[1];
  const der = digits === undefined ? undefined : Buffer.from(digits, 'base64');
  if (isNew && (der === undefined || !sameBytes(Buffer.from(pemOf('X509 CRL', der)), bytes))) {
    refuse(
      `the ${what} has something around its list: give the one block "X509 CRL" in PEM, with lines of 64`,
    );
  }
  const of =
    list.authorityKeyId === undefined
      ? 'nobody knows whom'
      : Buffer.from(list.authorityKeyId).toString('hex');
  const revoked = [...list.serials].map((serial) => `revoked: the certificate with serial number ${serial}`);
  return [
    ...revoked,
    `revocation list: of the authority with key identifier ${of}, SHA-256 ${sha256Hex(bytes)}`,
  ];
}

function readableList(bytes: Uint8Array, what: string) {
  try {
    return readRevocationList(bytes);
  } catch (cause) {
    if (!(cause instanceof UnreadableError)) throw cause;
    return refuse(`the ${what} is no revocation list: ${cause.message}`, { cause });
  }
}
