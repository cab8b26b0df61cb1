/** One more person of an organisation, with a role: a second steward for instance, or a certificate anew. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, issueIdentity, type KeyAndCertificate } from './authority.ts';
import { CLIENT_ROLES } from './organisation-identities.ts';

export type ClientRole = (typeof CLIENT_ROLES)[number];

export const isClientRole = (text: string): text is ClientRole => CLIENT_ROLES.some((role) => role === text);

/**
 * A certificate of the authority in an organisation's folder. Its enrolment id is `PERSON@ORGANISATION`, and the same
 * each time; nothing is stored.
 *
 * @throws Error where the folder holds no authority.
 */
export async function enrol(
  organisationDir: string,
  { person, role }: { readonly person: string; readonly role: ClientRole },
): Promise<KeyAndCertificate> {
  const authority = readAuthority(organisationDir);
  const organisation = authority.name.replace(/^ca\./, '');
  const enrolmentId = `${person}@${organisation}`;
  return issueIdentity(authority, {
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
}

function readAuthority(organisationDir: string): Authority {
  const read = (extension: string) => readFileSync(join(organisationDir, 'ca', `ca.${extension}`), 'utf8');
  const certificatePem = read('crt');
  const name = /^CN=(.+)$/m.exec(new X509Certificate(certificatePem).subject)?.[1];
  if (name === undefined) throw new Error(`the authority in ${organisationDir} has no common name`);
  return { name, certificatePem, privateKeyPem: read('key') };
}
