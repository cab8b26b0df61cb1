/** What a client needs to reach the network: endpoints, TLS roots, and certificates and keys by role. */
import { renameSync, writeFileSync } from 'node:fs';
import type { OrganisationIdentities } from './organisation-identities.ts';

export interface ConnectionFile {
  readonly channel: string;
  readonly organisations: readonly ConnectionOrganisation[];
  readonly orderer?: {
    readonly mspId: string;
    readonly endpoint: string;
    readonly tlsRootCertificate: string;
    readonly caCertificate: string;
  };
  readonly ipfs?: { readonly url: string };
}

export interface ConnectionOrganisation {
  readonly mspId: string;
  readonly name: string;
  /** host:port of the organisation's peer. */
  readonly endpoint: string;
  /** PEM. */
  readonly tlsRootCertificate: string;
  /** PEM of the CA that issues the organisation's identities. */
  readonly caCertificate: string;
  /** By role: operator, steward, researcher, trainer, auditor and admin. */
  readonly clients: Readonly<Record<string, { readonly certificate: string; readonly privateKey: string }>>;
}

export function connectionOrganisation(
  identities: OrganisationIdentities,
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
): ConnectionOrganisation {
  return {
    mspId: identities.mspId,
    name,
    endpoint,
    tlsRootCertificate: identities.tlsCa.certificatePem,
    caCertificate: identities.ca.certificatePem,
    clients: Object.fromEntries(
      Object.entries(identities.clients).map(([role, { certificatePem, privateKeyPem }]) => [
        role,
        { certificate: certificatePem, privateKey: privateKeyPem },
      ]),
    ),
  };
}

/** What one organisation is given: itself, and where peers of the others are, whose blocks its gateway compares. */
export function ownConnection(
  { channel, organisations, ipfs }: ConnectionFile,
  organisation: ConnectionOrganisation,
): object {
  const others = organisations.filter(({ mspId }) => mspId !== organisation.mspId);
  return {
    channel,
    organisations: [organisation],
    peers: others.map(({ mspId, endpoint, tlsRootCertificate }) => ({ mspId, endpoint, tlsRootCertificate })),
    ...(ipfs && { ipfs }),
  };
}

/** Readable by the owner only: it holds private keys. */
export function writeJsonFile(path: string, content: unknown): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, path);
}
