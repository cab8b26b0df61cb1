// An organisation's identities, made by its own two authorities: one for who signs, one for TLS. What is there already
// stays, so that an interrupted `init` goes on where it ended.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import { takeByHand } from './by-hand.ts';
import { type AuthorityPlace, CertificateAuthority, rootOf } from './certificate-authority.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { type WantedCertificate, wantedCertificates } from './wanted-certificates.ts';

export interface EnrolmentPlace {
  readonly programs: AuthorityPlace['programs'];
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly report: (line: string) => void;
}

/** @throws AuthorityError; InputError where certificates by hand are missing or not what was asked for */
export async function enrolOrganisation({
  programs,
  hospital,
  layout,
  report,
}: EnrolmentPlace): Promise<void> {
  const organisationDir = organisationDirOf(layout.directory, hospital.own.mspId);
  const { identity, tls } = authoritiesOf({ programs, hospital, layout });
  const wanted = wantedCertificates(hospital, layout);
  const signing = wanted.filter(({ form }) => form === 'msp');
  const servers = wanted.filter(({ form }) => form === 'tls');
  if (hospital.file.ca?.kind === 'by-hand') await takeByHand(wanted, { hospital, layout });
  else {
    await issue(identity, signing, { report });
    await issue(tls, servers, { report });
  }
  const roots = { identity: rootOf(identity), tls: rootOf(tls) };
  writeTrust(join(organisationDir, 'msp'), roots);
  for (const { folder } of signing) writeMsp(folder, roots);
  for (const { folder } of servers) writeTls(folder, roots.tls);
}

/** Where the two authorities of an organisation are. */
export function authoritiesOf({
  programs,
  hospital: { own, inside, file },
  layout: { authorities },
}: Omit<EnrolmentPlace, 'report'>): { readonly identity: AuthorityPlace; readonly tls: AuthorityPlace } {
  const of = { programs, organisation: own.name };
  const elsewhere = file.ca?.kind === 'fabric-ca' ? file.ca : undefined;
  return {
    identity: {
      ...{ ...of, home: authorities.identity, name: `ca.${own.name}`, port: inside.identityAuthority },
      ...(elsewhere && { existing: elsewhere.identity }),
    },
    tls: {
      ...{ ...of, home: authorities.tls, name: `tlsca.${own.name}`, port: inside.tlsAuthority },
      ...(elsewhere && { existing: elsewhere.tls }),
    },
  };
}

/**
 * New keys and certificates of the orderer, for signing and for TLS, in a folder of their own.
 *
 * @throws AuthorityError; then the folder is not there
 */
export async function enrolOrderer(
  { programs, hospital, layout, report }: EnrolmentPlace,
  folder: string,
): Promise<void> {
  const { identity, tls } = authoritiesOf({ programs, hospital, layout });
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const wanted = wantedCertificates(hospital, layout)
    .filter(({ holder }) => holder === 'orderer')
    .map((one) => ({ ...one, folder: join(draft, one.form) }));
  const roots = { identity: rootOf(identity), tls: rootOf(tls) };
  for (const one of wanted) {
    await issue(one.form === 'msp' ? identity : tls, [one], { report });
    if (one.form === 'msp') writeMsp(one.folder, roots);
    else writeTls(one.folder, roots.tls);
  }
  renameSync(draft, folder);
}

/** The authority runs only where something is missing. */
async function issue(
  place: AuthorityPlace,
  wanted: readonly WantedCertificate[],
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
