/** One more person of an organisation, such as a second steward, or a new certificate for the same one. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, issueIdentity, type KeyAndCertificate } from './authority.ts';
import { CLIENT_ROLES, keepClient } from './organisation-identities.ts';

export { CLIENT_ROLES };

export type ClientRole = (typeof CLIENT_ROLES)[number];

export const isClientRole = (text: string): text is ClientRole => CLIENT_ROLES.some((role) => role === text);

/** Fabric CA's own attributes, and the one that `role` sets. */
const RESERVED = /^(hf\.|consilium\.role$)/;
const ATTRIBUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Fabric CA ends a value at a colon. */
const ATTRIBUTE_VALUE = /^[^:\p{Cc}]{0,256}$/u;

export type Attributes = Readonly<Record<string, string>>;

export interface Enrolment {
  readonly person: string;
  readonly role?: ClientRole;
  /** Further attributes of the certificate, as `parseAttributes` lets them pass. */
  readonly attributes?: Attributes;
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
  { person, role, attributes = {}, keep = false }: Enrolment,
): Promise<KeyAndCertificate> {
  const authority = readAuthority(organisationDir);
  const organisation = authority.name.replace(/^ca\./, '');
  const enrolmentId = `${person}@${organisation}`;
  const issued = await issueIdentity(authority, {
    commonName: enrolmentId,
    organizationalUnit: 'client',
    organization: organisation,
    attributes: {
      ...attributes,
      ...(role === undefined ? {} : { 'consilium.role': role }),
      'hf.Affiliation': '',
      'hf.EnrollmentID': enrolmentId,
      'hf.Type': 'client',
    },
  });
  if (keep) keepClient(organisationDir, person, issued);
  return issued;
}

/**
 * Attributes as `fabric-ca-client register --id.attrs` takes them, each `name=value`; the flag `:ecert` may follow, and
 * changes nothing, because every attribute is for the certificate here.
 *
 * @throws Error which says what is wrong with the first that is not such.
 */
export function parseAttributes(texts: readonly string[]): Attributes {
  const attributes = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    const value = text.slice(at + 1).replace(/:ecert$/i, '');
    if (!ATTRIBUTE_NAME.test(name))
      throw new Error(`${text}: expected name=value, such as abac.creator=true`);
    if (RESERVED.test(name)) {
      throw new Error(`${name} is reserved: the authority sets hf.*, and --role sets consilium.role`);
    }
    if (!ATTRIBUTE_VALUE.test(value)) {
      throw new Error(
        `${name}: expected a value of at most 256 characters without colons and control characters`,
      );
    }
    if (attributes.has(name)) throw new Error(`${name} is given twice`);
    attributes.set(name, value);
  }
  return Object.fromEntries(attributes);
}

function readAuthority(organisationDir: string): Authority {
  const read = (extension: string) => readFileSync(join(organisationDir, 'ca', `ca.${extension}`), 'utf8');
  const certificatePem = read('crt');
  const name = /^CN=(.+)$/m.exec(new X509Certificate(certificatePem).subject)?.[1];
  if (name === undefined) throw new Error(`the authority in ${organisationDir} has no common name`);
  return { name, certificatePem, privateKeyPem: read('key') };
}
