/**
 * An organisation's certificates and keys, made once and kept in the shape Fabric expects of an MSP, so that
 * the same folders can run a real peer or orderer:
 *
 *     ca/{ca,tlsca}.{crt,key}            the two authorities
 *     msp/{cacerts,tlscacerts,config.yaml}
 *     nodes/NAME/msp, nodes/NAME/tls     the peer or orderer
 *     nodes/gateway0/tls                 with which a peer's gateway speaks to those of other organisations
 *     users/NAME/msp                     admin, a client of each role, and persons who were enrolled
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type Authority,
  createAuthority,
  issueIdentity,
  issueTlsServer,
  type KeyAndCertificate,
} from './authority.ts';

export const CLIENT_ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'] as const;
export type ClientName = (typeof CLIENT_ROLES)[number] | 'admin';

export interface OrganisationIdentities {
  readonly mspId: string;
  readonly ca: Authority;
  readonly tlsCa: Authority;
  readonly node: KeyAndCertificate;
  readonly nodeTls: KeyAndCertificate;
  readonly clients: Readonly<Record<string, KeyAndCertificate>>;
}

export interface OrganisationIdentitiesOptions {
  readonly dir: string;
  readonly mspId: string;
  readonly name: string;
  readonly nodeKind: 'peer' | 'orderer';
  /** Further names of the node's TLS certificate, which names `peer0.NAME` or `orderer0.NAME` in any case. */
  readonly hosts: readonly string[];
}

const NODE_NAME = { peer: 'peer0', orderer: 'orderer0' } as const;

/**
 * Reads the identities, or makes and stores them when the folder is not there yet. Keys stay; a TLS certificate that
 * lacks a name is issued once more by the same authority.
 */
export async function openOrganisationIdentities(
  options: OrganisationIdentitiesOptions,
): Promise<OrganisationIdentities> {
  if (!existsSync(options.dir)) await createOrganisation(options);
  const loaded = loadOrganisation(options);
  if (options.nodeKind === 'peer') await ensureGatewayTls(options, loaded);
  const certificate = new X509Certificate(loaded.nodeTls.certificatePem);
  const isNamed = (host: string) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host));
  const { hosts } = tlsRequest(options);
  return hosts.every(isNamed) ? loaded : { ...loaded, nodeTls: await renameNode(options, loaded) };
}

const GATEWAY = 'gateway0';

/** Gateways of different organisations speak to each other too; folders from before have no certificate for it. */
async function ensureGatewayTls(
  { dir, name, hosts }: OrganisationIdentitiesOptions,
  { tlsCa }: OrganisationIdentities,
): Promise<void> {
  const folder = join(dir, 'nodes', GATEWAY);
  if (existsSync(folder)) return;
  const commonName = `${GATEWAY}.${name}`;
  const request = { commonName, organization: name, hosts: [...new Set([...hosts, commonName])] };
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  writeKeyPair(join(draft, 'tls'), 'server', await issueTlsServer(tlsCa, request));
  renameSync(draft, folder);
}

async function renameNode(
  options: OrganisationIdentitiesOptions,
  { tlsCa, nodeTls: { privateKeyPem } }: OrganisationIdentities,
): Promise<KeyAndCertificate> {
  const issued = await issueTlsServer(tlsCa, { ...tlsRequest(options), privateKeyPem });
  const path = join(options.dir, 'nodes', NODE_NAME[options.nodeKind], 'tls', 'server.crt');
  writeFile(`${path}.new`, issued.certificatePem);
  renameSync(`${path}.new`, path);
  return issued;
}

function tlsRequest({ name, nodeKind, hosts }: OrganisationIdentitiesOptions) {
  const commonName = `${NODE_NAME[nodeKind]}.${name}`;
  return { commonName, organization: name, hosts: [...new Set([...hosts, commonName])] };
}

async function createOrganisation(options: OrganisationIdentitiesOptions): Promise<void> {
  // A folder that appears whole or not at all: a killed first start leaves nothing half made.
  const draft = `${options.dir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const { name, nodeKind, mspId } = options;
  const ca = await createAuthority(`ca.${name}`, name);
  const tlsCa = await createAuthority(`tlsca.${name}`, name);
  writeKeyPair(join(draft, 'ca'), 'ca', ca);
  writeKeyPair(join(draft, 'ca'), 'tlsca', tlsCa);
  writeTrust(join(draft, 'msp'), { ca, tlsCa });
  const nodeName = NODE_NAME[nodeKind];
  const node = await issueIdentity(ca, {
    commonName: `${nodeName}.${name}`,
    organizationalUnit: nodeKind,
    organization: name,
  });
  const nodeDir = join(draft, 'nodes', nodeName);
  writeMsp(join(nodeDir, 'msp'), { ca, tlsCa, identity: node });
  const tls = await issueTlsServer(tlsCa, tlsRequest(options));
  writeKeyPair(join(nodeDir, 'tls'), 'server', tls);
  writeFile(join(nodeDir, 'tls', 'ca.crt'), tlsCa.certificatePem);
  const users = nodeKind === 'peer' ? [...CLIENT_ROLES, 'admin'] : ['admin'];
  for (const user of users) {
    const identity = await issueIdentity(ca, clientRequest(user, { mspId, name }));
    writeMsp(join(draft, 'users', user, 'msp'), { ca, tlsCa, identity });
  }
  renameSync(draft, options.dir);
}

/** @throws Error where the organisation has a client of that name. */
export function keepClient(dir: string, name: string, identity: KeyAndCertificate): void {
  const folder = join(dir, 'users', name);
  const draft = `${folder}.new`;
  if (existsSync(folder)) throw new Error(`${folder} is there already: choose another name`);
  rmSync(draft, { recursive: true, force: true });
  const trust = (kind: 'ca' | 'tlsca') => ({ name: kind, ...readKeyPair(join(dir, 'ca'), kind) });
  writeMsp(join(draft, 'msp'), { ca: trust('ca'), tlsCa: trust('tlsca'), identity });
  renameSync(draft, folder);
}

function clientRequest(user: string, { name }: { readonly mspId: string; readonly name: string }) {
  const type = user === 'admin' ? 'admin' : 'client';
  return {
    commonName: `${user}@${name}`,
    organizationalUnit: type,
    organization: name,
    attributes: {
      ...(user === 'admin' ? {} : { 'consilium.role': user }),
      'hf.Affiliation': '',
      'hf.EnrollmentID': `${user}@${name}`,
      'hf.Type': type,
    },
  } as const;
}

function loadOrganisation(options: OrganisationIdentitiesOptions): OrganisationIdentities {
  const { dir, mspId, name, nodeKind } = options;
  const nodeDir = join(dir, 'nodes', NODE_NAME[nodeKind]);
  const users = readdirSync(join(dir, 'users'));
  return {
    mspId,
    ca: { name: `ca.${name}`, ...readKeyPair(join(dir, 'ca'), 'ca') },
    tlsCa: { name: `tlsca.${name}`, ...readKeyPair(join(dir, 'ca'), 'tlsca') },
    node: readMsp(join(nodeDir, 'msp')),
    nodeTls: readKeyPair(join(nodeDir, 'tls'), 'server'),
    clients: Object.fromEntries(users.map((user) => [user, readMsp(join(dir, 'users', user, 'msp'))])),
  };
}

interface Trust {
  readonly ca: Authority;
  readonly tlsCa: Authority;
}

function writeMsp(dir: string, options: Trust & { readonly identity: KeyAndCertificate }): void {
  writeTrust(dir, options);
  writeFile(join(dir, 'signcerts', 'cert.pem'), options.identity.certificatePem);
  writeFile(join(dir, 'keystore', 'key.pem'), options.identity.privateKeyPem, 0o600);
}

function writeTrust(dir: string, { ca, tlsCa }: Trust): void {
  writeFile(join(dir, 'cacerts', 'ca.pem'), ca.certificatePem);
  writeFile(join(dir, 'tlscacerts', 'tlsca.pem'), tlsCa.certificatePem);
  const units = ['Client', 'Peer', 'Admin', 'Orderer'].map(
    (unit) =>
      `  ${unit}OUIdentifier:\n    Certificate: cacerts/ca.pem\n` +
      `    OrganizationalUnitIdentifier: ${unit.toLowerCase()}\n`,
  );
  writeFile(join(dir, 'config.yaml'), `NodeOUs:\n  Enable: true\n${units.join('')}`);
}

function readMsp(dir: string): KeyAndCertificate {
  return {
    certificatePem: readFileSync(join(dir, 'signcerts', 'cert.pem'), 'utf8'),
    privateKeyPem: readFileSync(join(dir, 'keystore', 'key.pem'), 'utf8'),
  };
}

function writeKeyPair(dir: string, name: string, pair: KeyAndCertificate): void {
  writeFile(join(dir, `${name}.crt`), pair.certificatePem);
  writeFile(join(dir, `${name}.key`), pair.privateKeyPem, 0o600);
}

function readKeyPair(dir: string, name: string): KeyAndCertificate {
  return {
    certificatePem: readFileSync(join(dir, `${name}.crt`), 'utf8'),
    privateKeyPem: readFileSync(join(dir, `${name}.key`), 'utf8'),
  };
}

function writeFile(path: string, content: string, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(path, content, { mode, flush: true });
}
