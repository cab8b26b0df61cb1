// Who signed a transaction, from the certificate that Fabric has verified.

import { DomainError } from '@consilium/domain';
import type { ClientIdentity } from 'fabric-shim-api';

/** The attribute that Fabric CA writes into every certificate, and the common name it also goes by. */
const ENROLMENT_ATTRIBUTE = 'hf.EnrollmentID';
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9@._-]{0,63}$/;

/**
 * A person or service within an organisation, the same for every certificate issued to it.
 *
 * @throws DomainError INVALID_ARGUMENT for a certificate that names nobody
 */
export function enrolmentId(identity: ClientIdentity): string {
  const named = identity.getAttributeValue(ENROLMENT_ATTRIBUTE) ?? commonName(identity.getID());
  if (named !== undefined && ID_PATTERN.test(named)) return named;
  throw new DomainError('INVALID_ARGUMENT', "the certificate's common name must be a plain enrolment id");
}

/** The subject's common name in `x509::SUBJECT::ISSUER`. */
const commonName = (id: string): string | undefined =>
  /(?:^|\/)CN=([^/]+)/.exec(id.split('::')[1] ?? '')?.[1];
