/** Certificates that no client should present, from the authority in an organisation's folder. */

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { issueIdentity, type KeyAndCertificate } from '../src/identities/authority.ts';
import type { ClientCredentials, OddIdentities } from './index.ts';

export async function issueOddIdentities(organisationDir: string): Promise<OddIdentities> {
  const ca = (extension: string) => readFile(join(organisationDir, 'ca', `ca.${extension}`), 'utf8');
  const authority = { name: 'ca', certificatePem: await ca('crt'), privateKeyPem: await ca('key') };
  const request = { commonName: 'odd', organization: basename(organisationDir) } as const;
  const expired = await issueIdentity(authority, {
    ...request,
    organizationalUnit: 'client',
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2020-02-01'),
  });
  return { expired: credentials(expired), noRole: credentials(await issueIdentity(authority, request)) };
}

function credentials({ certificatePem, privateKeyPem }: KeyAndCertificate): ClientCredentials {
  return { certificate: certificatePem, privateKey: privateKeyPem };
}
