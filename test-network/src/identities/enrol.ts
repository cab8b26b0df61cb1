/** One more person of an organisation, with a role: a second steward for instance, or a certificate anew. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, issueIdentity, type KeyAndCertificate } from './authority.ts';
import { CLIENT_ROLES, keepClient } from './organisation-identities.ts';

export type ClientRole = (typeof CLIENT_ROLES)[number];

export const isClientRole = (text: string): text is ClientRole => CLIENT_ROLES.some((role) => role === text);

export interface Enrolment {
  readonly person: string;
  readonly role: ClientRole;
  readonly keep?: boolean;
}

/**
 * A certificate of the authority in an organisation's folder. Its enrolment id is `PERSON@ORGANISATION`, and the same
 * each time. Kept, it is a client of the organisation, under the person's name in the next connection file.
 *
 * @throws Error where the folder holds no authority, or it is to be kept and the name is taken.
 */
export async function enrol(
  organisationDir: string,
  { person, role, keep = false }: Enrolment,
): Promise<KeyAndCertificate> {
  const authority = readAuthority(organisationDir);
  const organisation = authority.name.replace(/^ca\./, '');
  const enrolmentId = `${person}@${organisation}`;
  const issued = await issueIdentity(authority, {
    commonName: enrolmentId,
    organizationalUnit: 'client',
    organization: organisation,
    attributes: {
      'consilium.role': role,
      'hf.Affiliation': '',
      'hf.EnrollmentID': enrolmentId,
      'hf.Type': 'client',
    },
  });
  if (keep) keepClient(organisationDir, person, issued);
  return issued;
}

function readAuthority(organisationDir: string): Authority {
  const read = (extension: string) => readFileSync(join(organisationDir, 'ca', `ca.${extension}`), 'utf8');
  const certificatePem = read('crt');
  const name = /^CN=(.+)$/m.exec(new X509Certificate(certificatePem).subject)?.[1];
  if (name === undefined) throw new Error(`the authority in ${organisationDir} has no common name`);
  return { name, certificatePem, privateKeyPem: read('key') };
}
