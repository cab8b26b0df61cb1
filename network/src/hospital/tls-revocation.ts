// How a hospital takes back a certificate of its own TLS authority. No list of the channel names hosts: the hospital
// publishes its list by the mailbox, and each other takes it up.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '@consilium/command-line';
import { readCertificate } from '@consilium/verify/channel';
import { CertificateAuthority, type RevocationReason, rootOf } from './certificate-authority.ts';
import { authoritiesOf, type EnrolmentPlace } from './enrolment.ts';
import { putIntoMailbox } from './mailbox.ts';
import { listsFile } from './tls-lists.ts';
import { filesOf, wantedCertificates } from './wanted-certificates.ts';

/** Whether the own TLS authority issued it. @throws InputError where the file holds no certificate */
export function isOfTlsAuthority(file: string, place: EnrolmentPlace): boolean {
  const root = new X509Certificate(readFileSync(rootOf(authoritiesOf(place).tls)));
  const certificate = certificateIn(file);
  return certificate.checkIssued(root) && certificate.verify(root.publicKey);
}

function certificateIn(file: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new InputError(`${file} is no certificate that can be read: ${(error as Error).message}`);
  }
}

export interface TlsRevocation {
  readonly subject: string;
  readonly serial: string;
  /** The authority's list, in the mailbox. */
  readonly list: string;
}

/**
 * Revokes one that `isOfTlsAuthority`, and publishes the list.
 *
 * @throws InputError where it is in use: it is renewed first; AuthorityError
 */
export async function revokeOfHost(
  file: string,
  place: EnrolmentPlace & { readonly reason: RevocationReason },
): Promise<TlsRevocation> {
  const { hospital, layout, reason } = place;
  if (hospital.file.ca?.kind === 'by-hand') {
    throw new InputError(
      'with `ca: by-hand` your own authority revokes: put its list into the mailbox as ' +
        listsFile(hospital.file.mailbox, hospital.own.mspId),
    );
  }
  const certificate = certificateIn(file);
  for (const one of wantedCertificates(hospital, layout)) {
    const { certificate: used } = filesOf(one);
    if (existsSync(used) && new X509Certificate(readFileSync(used)).raw.equals(certificate.raw)) {
      throw new InputError(
        `${file} is in use by ${one.holder}: renew that first, and revoke FOLDER.replaced.pem`,
      );
    }
  }
  const { tls } = authoritiesOf(place);
  const serial = certificate.serialNumber.toLowerCase().replace(/^0+/, '');
  const authority = await CertificateAuthority.start(tls);
  try {
    const { subjectKeyId } = readCertificate(readFileSync(rootOf(tls)));
    const authorityKeyId = Buffer.from(subjectKeyId ?? []).toString('hex');
    const list = listsFile(hospital.file.mailbox, hospital.own.mspId);
    putIntoMailbox(list, await authority.revokeCertificates([{ serial, authorityKeyId }], reason));
    return { subject: certificate.subject.replaceAll('\n', ', '), serial, list };
  } finally {
    await authority.stop();
  }
}
