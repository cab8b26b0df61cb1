// `hospital lists`: revokes a certificate of the own TLS authority, and takes up what others revoked of theirs.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { EXIT, InputError, oneOf } from '@consilium/command-line';
import { readCertificate } from '@consilium/verify/channel';
import { findHospitalPrograms } from '../native/binaries.ts';
import { CertificateAuthority, REVOCATION_REASONS, rootOf } from './certificate-authority.ts';
import { answer, note, type Place } from './command-place.ts';
import { authoritiesOf } from './enrolment.ts';
import { putIntoMailbox } from './mailbox.ts';
import { listsFile, takeTlsLists } from './tls-lists.ts';
import { filesOf, wantedCertificates } from './wanted-certificates.ts';

/** The links and the listener for witnesses go by what was taken up from the next connection on. */
export async function lists(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  if (values.certificate !== undefined) await revokeOwn(place, values.certificate);
  const taken = takeTlsLists(hospital, layout);
  const lines = taken.map(({ mspId, taken: count, problem }) =>
    problem === undefined ? `${mspId}: ${count} new lists` : `${mspId}: not taken: ${problem}`,
  );
  answer(place, { taken }, lines.length === 0 ? ['There are no lists in the mailbox.'] : lines);
  return taken.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.done;
}

/** @throws InputError for one that is not the own authority's, or is in use: it is renewed first */
async function revokeOwn({ values, hospital, layout }: Place, file: string): Promise<void> {
  const { tls } = authoritiesOf({ programs: findHospitalPrograms(), hospital, layout });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new InputError(`${file} is no certificate that can be read: ${(error as Error).message}`);
  }
  const root = new X509Certificate(readFileSync(rootOf(tls)));
  if (!certificate.checkIssued(root) || !certificate.verify(root.publicKey))
    throw new InputError(
      `${file} was not issued by this hospital's TLS authority: its own hospital revokes it`,
    );
  for (const one of wantedCertificates(hospital, layout)) {
    const { certificate: used } = filesOf(one);
    if (
      existsSync(used) &&
      new X509Certificate(readFileSync(used)).fingerprint256 === certificate.fingerprint256
    )
      throw new InputError(
        `${file} is in use by ${one.holder}: renew that first, and revoke FOLDER.replaced.pem`,
      );
  }
  const authority = await CertificateAuthority.start(tls);
  try {
    const { subjectKeyId } = readCertificate(readFileSync(rootOf(tls)));
    const authorityKeyId = Buffer.from(subjectKeyId ?? []).toString('hex');
    const serial = certificate.serialNumber.toLowerCase().replace(/^0+/, '');
    const reason = oneOf(values.reason, 'reason', REVOCATION_REASONS) ?? 'unspecified';
    const list = await authority.revokeCertificates([{ serial, authorityKeyId }], reason);
    const published = listsFile(hospital.file.mailbox, hospital.own.mspId);
    putIntoMailbox(published, list);
    note(`${published}: give it to all; each runs \`hospital lists\``);
  } finally {
    await authority.stop();
  }
}
