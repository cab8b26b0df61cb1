// An organisation's identities, made by its own two authorities: one for who signs, one for TLS. What is there already
// stays, so that an interrupted `init` goes on where it ended.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import { CertificateAuthority, type Registration, rootOf } from './certificate-authority.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, ordererDirOf, organisationDirOf, peerDirOf } from './hospital-layout.ts';

const CLIENT_ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'] as const;

export interface EnrolmentPlace {
  readonly programs: Parameters<typeof CertificateAuthority.start>[0]['programs'];
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly report: (line: string) => void;
}

interface Wanted {
  readonly folder: string;
  readonly registration: Registration;
}

/** @throws AuthorityError */
export async function enrolOrganisation({
  programs,
  hospital,
  layout,
  report,
}: EnrolmentPlace): Promise<void> {
  const { own, inside } = hospital;
  const { authorities, directory } = layout;
  const organisation = own.name;
  const identity = { programs, organisation, home: authorities.identity, name: `ca.${organisation}` };
  const tls = { programs, organisation, home: authorities.tls, name: `tlsca.${organisation}` };
  const organisationDir = organisationDirOf(directory, own.mspId);
  const signing = signingIdentities(organisation, organisationDir);
  const servers = tlsIdentities(hospital, layout);
  await issue({ ...identity, port: inside.identityAuthority }, signing, { report });
  await issue({ ...tls, port: inside.tlsAuthority }, servers, { report });
  const roots = { identity: rootOf(identity), tls: rootOf(tls) };
  writeTrust(join(organisationDir, 'msp'), roots);
  for (const { folder } of signing) writeMsp(folder, roots);
  for (const { folder } of servers) writeTls(folder, roots.tls);
}

const signingIdentities = (organisation: string, organisationDir: string): Wanted[] => [
  {
    folder: join(peerDirOf(organisationDir), 'msp'),
    registration: { id: `peer0.${organisation}`, type: 'peer' },
  },
  {
    folder: join(ordererDirOf(organisationDir), 'msp'),
    registration: { id: `orderer0.${organisation}`, type: 'orderer' },
  },
  {
    folder: join(organisationDir, 'users/admin/msp'),
    registration: { id: `admin@${organisation}`, type: 'admin' },
  },
  ...CLIENT_ROLES.map(
    (role): Wanted => ({
      folder: join(organisationDir, 'users', role, 'msp'),
      registration: { id: `${role}@${organisation}`, type: 'client', attributes: { 'consilium.role': role } },
    }),
  ),
];

function tlsIdentities(
  { own: { name, host, mspId } }: Hospital,
  { directory, tls }: HospitalLayout,
): Wanted[] {
  const inside = ['localhost', '127.0.0.1'];
  const organisationDir = organisationDirOf(directory, mspId);
  const wanted = (folder: string, what: string, hosts: readonly string[]): Wanted => ({
    folder,
    registration: { id: `${what}.${name}`, type: 'client', hosts },
  });
  return [
    wanted(join(peerDirOf(organisationDir), 'tls'), 'peer0', [host, ...inside]),
    wanted(join(ordererDirOf(organisationDir), 'tls'), 'orderer0', [host, ...inside]),
    wanted(tls.chaincode, 'chaincode', inside),
    wanted(tls.chaincodeClient, 'chaincode-client', inside),
    wanted(tls.link, 'link', [host]),
  ];
}

/** The authority runs only where something is missing. */
async function issue(
  place: Parameters<typeof CertificateAuthority.start>[0],
  wanted: readonly Wanted[],
  { report }: Pick<EnrolmentPlace, 'report'>,
): Promise<void> {
  const missing = wanted.filter(({ folder }) => !isEnrolled(folder));
  if (missing.length === 0) return;
  const authority = await CertificateAuthority.start(place);
  try {
    for (const { folder, registration } of missing) {
      rmSync(`${folder}.new`, { recursive: true, force: true });
      await authority.enrol(registration, `${folder}.new`);
      rmSync(folder, { recursive: true, force: true });
      renameSync(`${folder}.new`, folder);
    }
  } finally {
    await authority.stop();
  }
  report(`${place.name} issued ${missing.length} certificates`);
}

const isEnrolled = (folder: string): boolean =>
  ['cert.pem', 'signcerts/cert.pem', 'server.crt'].some((name) => existsSync(join(folder, name)));

interface Roots {
  readonly identity: string;
  readonly tls: string;
}

/** Moves what was enrolled to where Fabric looks for it. */
function writeMsp(folder: string, roots: Roots): void {
  writeTrust(folder, roots);
  moveInto(folder, 'key.pem', 'keystore/key.pem');
  moveInto(folder, 'cert.pem', 'signcerts/cert.pem');
}

function writeTls(folder: string, root: string): void {
  copyPublic(root, join(folder, 'ca.crt'));
  moveInto(folder, 'key.pem', 'server.key');
  moveInto(folder, 'cert.pem', 'server.crt');
}

function moveInto(folder: string, from: string, to: string): void {
  if (!existsSync(join(folder, from))) return;
  mkdirSync(join(folder, to, '..'), { recursive: true, mode: 0o700 });
  renameSync(join(folder, from), join(folder, to));
}

function copyPublic(from: string, to: string): void {
  mkdirSync(join(to, '..'), { recursive: true, mode: 0o700 });
  copyFileSync(from, to);
}

/** What makes a folder an MSP: who issued, and how a certificate shows its role. */
export function writeTrust(folder: string, roots: Roots): void {
  copyPublic(roots.identity, join(folder, 'cacerts/ca.pem'));
  copyPublic(roots.tls, join(folder, 'tlscacerts/tlsca.pem'));
  const units = ['Client', 'Peer', 'Admin', 'Orderer'].map(
    (unit) =>
      `  ${unit}OUIdentifier:\n    Certificate: cacerts/ca.pem\n` +
      `    OrganizationalUnitIdentifier: ${unit.toLowerCase()}\n`,
  );
  writeWhole(join(folder, 'config.yaml'), `NodeOUs:\n  Enable: true\n${units.join('')}`);
}

export const readPem = (file: string): string => readFileSync(file, 'utf8');
