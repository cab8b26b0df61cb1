// Whether a certificate is the one that was asked for: of the own authority, for the own key, with the names, the role
// and the uses that Fabric looks at. An authority that is not ours may issue another one than was wanted.
import { X509Certificate } from 'node:crypto';
import { readCertificate } from '@consilium/verify/channel';
import type { Registration } from './certificate-authority.ts';

export interface IssuedCertificate {
  /** PEM texts. */
  readonly certificate: string;
  readonly root: string;
  readonly isOfKey: (certificate: X509Certificate) => boolean;
  readonly wanted: Registration;
  readonly now?: Date;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** Organisational units by which Fabric knows roles: two of them make a certificate unusable. */
const ROLES: readonly string[] = ['client', 'peer', 'admin', 'orderer'];
/** Where Fabric CA writes attributes, and Fabric reads them. */
const ATTRIBUTES = '1.2.3.4.5.6.7.8.1';

/** Why it cannot be used, with what to ask the authority for; undefined where it can. */
export function certificateProblem(issued: IssuedCertificate): string | undefined {
  try {
    return problemOf(issued);
  } catch (error) {
    return `it is no certificate in PEM (${(error as Error).message})`;
  }
}

function problemOf(issued: IssuedCertificate): string | undefined {
  const { wanted, now = new Date() } = issued;
  const certificate = new X509Certificate(issued.certificate);
  const root = new X509Certificate(issued.root);
  if (!certificate.checkIssued(root) || !certificate.verify(root.publicKey))
    return `it is not issued by ${nameOf(root.subject)} itself: intermediate authorities are not taken`;
  if (!issued.isOfKey(certificate))
    return 'it is of another key: have it issued for the request that was written';
  if (certificate.ca) return 'it is of an authority: ask for one that issues nothing (CA:FALSE)';
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    return 'its key is not on P-256, which is what Fabric signs with';
  if (now < certificate.validFromDate) return `it is valid only from ${certificate.validFrom} on`;
  if (now > certificate.validToDate) return `it ended on ${certificate.validTo}`;
  return wanted.hosts === undefined
    ? signingProblem(issued.certificate, wanted)
    : tlsProblem(certificate, wanted);
}

function signingProblem(pem: string, { type, attributes = {} }: Registration): string | undefined {
  const { organizationalUnits, attributes: written } = readCertificate(Buffer.from(pem));
  const roles = organizationalUnits.filter((unit) => ROLES.includes(unit));
  if (roles.length !== 1 || roles[0] !== type) {
    const has = organizationalUnits.join(', ') || 'none';
    return `its subject needs OU=${type} and no other of ${ROLES.join(', ')}; it has ${has}`;
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (written[name] !== value)
      return `its extension ${ATTRIBUTES} needs {"attrs":{"${name}":"${value}"}}, as the request has it`;
  }
  return undefined;
}

function tlsProblem(certificate: X509Certificate, { hosts = [] }: Registration): string | undefined {
  const isFor = (name: string) =>
    /^[0-9.]+$/.test(name)
      ? certificate.checkIP(name) !== undefined
      : certificate.checkHost(name, { subject: 'never' }) !== undefined;
  const missing = hosts.filter((name) => !isFor(name));
  if (missing.length > 0) return `its subject alternative names lack ${missing.join(', ')}`;
  const uses = certificate.keyUsage ?? [];
  if (!uses.includes(SERVER_AUTH) || !uses.includes(CLIENT_AUTH))
    return 'its extended key usage needs serverAuth and clientAuth';
  return undefined;
}

const nameOf = (subject: string): string => subject.split('\n').join(', ');
