// Certificates and revocation lists in words, and in the one form in PEM that a ceremony takes: text beside the block
// would be signed and shown to nobody.
import {
  type Certificate,
  readCertificate,
  readRevocationList,
  UnreadableError,
  x509Of,
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

export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** 'CN=orderer1, O=Alpha' in quotes, of characters that cannot be taken for others. */
export const subjectOf = (certificate: Certificate): string =>
  visible((x509Of(certificate).subject ?? '').replaceAll('\n', ', '));

/** @param isNew whether it is to be signed: then nothing may stand around it */
export function certificateInWords(pem: Uint8Array, what: string, isNew: boolean): string {
  const certificate = readableCertificate(pem, what);
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
