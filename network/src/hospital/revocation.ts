// How a hospital takes a certificate back: its own authority revokes it, and the list of all that it revoked becomes a
// ceremony, since peers go by the lists in the channel. What the hospital still uses is replaced first, so that nothing
// of its own stops.
import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import {
  type Certificate,
  isIssuedBy,
  readCertificate,
  readRevocationList,
  x509Of,
} from '@consilium/verify/channel';
import { digestOf, textOfCeremony } from '../ceremonies/ceremony-file.ts';
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { placeOf } from '../ceremonies/own-place.ts';
import { changeRevocationLists, proposeChange, revocationListsOf } from '../ceremonies/proposals.ts';
import { writeWhole } from '../state-file.ts';
import { CertificateAuthority, type RevocationReason, rootOf } from './certificate-authority.ts';
import { authoritiesOf, type EnrolmentPlace } from './enrolment.ts';
import { writeConnection } from './hospital-connection.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { putIntoMailbox } from './mailbox.ts';
import { revokePerson } from './persons.ts';
import { renewChosen } from './renewal.ts';
import { takeUpRenewed } from './take-up-renewed.ts';
import { filesOf, type WantedCertificate, wantedCertificates } from './wanted-certificates.ts';

/** Who signs, by the names that people give them. An orderer's is in the channel: it is renewed by a ceremony first. */
export const REVOCABLE = [
  'peer',
  'peer1',
  'admin',
  'operator',
  'steward',
  'researcher',
  'trainer',
  'auditor',
] as const;
export type Revocable = (typeof REVOCABLE)[number];

export interface Revocation {
  /** Of the certificate; absent where all of a person were revoked. */
  readonly serial?: string;
  readonly subject: string;
  /** The certificate that took its place; absent where nothing here used it. */
  readonly replacedBy?: string;
  /** What does not use it yet, in sentences. */
  readonly waits: readonly string[];
  /** The ceremony, in the mailbox. */
  readonly file: string;
  /** By which people compare the ceremony. */
  readonly digest: string;
}

export interface Revoking extends EnrolmentPlace {
  /** hospital.yaml. */
  readonly path: string;
  /** One who signs here, a person with all their certificates, or the file of one that nothing here uses. */
  readonly what:
    | { readonly signer: Revocable }
    | { readonly person: string }
    | { readonly certificateFile: string };
  readonly reason: RevocationReason;
}

/** Former identities with their certificates, and the last list. */
const revokedFolder = ({ directory }: HospitalLayout): string => join(directory, 'revoked');

/** MSP folders of identities that were replaced and revoked here. */
export function formerIdentities(layout: HospitalLayout): string[] {
  const folder = revokedFolder(layout);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'signcerts/cert.pem')));
  return names.map((name) => join(folder, name));
}

export const ceremonyOfRevocation = (mailbox: string, mspId: string): string =>
  join(mailbox, `revocation-lists-${mspId}.json`);

/**
 * Revokes, and writes the ceremony into the mailbox. Until it is submitted every peer goes on to take the certificate.
 *
 * @throws InputError where it is not of this authority, or still in use here; AuthorityError; FabricNodeError
 */
export async function revoke(revoking: Revoking): Promise<Revocation> {
  const { hospital, layout, what, reason, path } = revoking;
  if (hospital.file.ca?.kind === 'by-hand') {
    throw new InputError(
      'with `ca: by-hand` your own authority revokes: give its list to `propose revocation-lists` with --list',
    );
  }
  const { identity } = authoritiesOf(revoking);
  const authority = readCertificate(readFileSync(rootOf(identity)));
  const signer = 'signer' in what ? signerOf(what.signer, hospital, layout) : undefined;
  if ('person' in what) {
    // The own gateway signs for them no more, also where the channel cannot be asked.
    const { person, list } = await revokePerson(revoking, what.person, reason);
    if (person.keyIs === 'here') writeConnection(hospital, layout);
    const subject = `${person.name}, who was enrolled as ${person.role}`;
    return { subject, waits: [], ...(await writeCeremony(revoking, authority, list)) };
  }
  const toRevoke = signer === undefined ? fileOf(what) : filesOf(signer).certificate;
  const certificate = ownCertificate(toRevoke, authority);
  if (signer === undefined) refuseInUse(certificate, hospital, layout);
  // Where the channel cannot be asked, nothing is revoked either.
  await channelNow(path);
  const waits = signer === undefined ? [] : await replace(signer, revoking);
  const issuing = await CertificateAuthority.start(identity);
  let list: string;
  try {
    const authorityKeyId = Buffer.from(authority.subjectKeyId!).toString('hex');
    const serial = certificate.serial.replace(/^0+/, '');
    list = await issuing.revokeCertificates([{ serial, authorityKeyId }], reason);
  } finally {
    await issuing.stop();
  }
  return {
    serial: certificate.serial,
    subject: x509Of(certificate).subject.replaceAll('\n', ', '),
    ...(signer && { replacedBy: filesOf(signer).certificate }),
    waits,
    ...(await writeCeremony(revoking, authority, list)),
  };
}

const fileOf = (what: Revoking['what']): string => (what as { certificateFile: string }).certificateFile;

/** @throws InputError where there is no channel yet; FabricNodeError where the own peer does not say what it is */
async function channelNow(path: string) {
  const { channel, genesis, configuration } = await placeOf(placeOfHospital(path), {});
  if (configuration === undefined || genesis === undefined)
    throw new InputError('there is no channel yet: run `hospital found`');
  return { channel, genesis, configuration };
}

/** Keeps the list, and writes the ceremony that brings it into the channel. */
async function writeCeremony({ path, hospital, layout }: Revoking, authority: Certificate, list: string) {
  const { own, file } = hospital;
  mkdirSync(revokedFolder(layout), { recursive: true, mode: 0o700 });
  writeWhole(join(revokedFolder(layout), 'identity.pem'), list);
  const here = await channelNow(path).catch((cause: Error) => {
    throw new InputError(
      'revoked by the own authority, but the channel cannot be asked: run this again for the ceremony ' +
        `(${cause.message})`,
      { cause },
    );
  });
  const ceremony = proposeChange(here, (root) => {
    const others = revocationListsOf(root, own.mspId).filter((one) => !isOf(one, authority));
    return changeRevocationLists(root, own.mspId, [...others, Buffer.from(list)]);
  });
  const written = ceremonyOfRevocation(file.mailbox, own.mspId);
  putIntoMailbox(written, textOfCeremony(ceremony));
  return { file: written, digest: digestOf(ceremony) };
}

/** With a new key and certificate; the former ones are kept, so that a probe can try them. */
async function replace(signer: WantedCertificate, place: EnrolmentPlace): Promise<string[]> {
  const { id } = signer.registration;
  const former = join(revokedFolder(place.layout), `${id.split(/[@.]/)[0]}-${Date.now()}`);
  mkdirSync(revokedFolder(place.layout), { recursive: true, mode: 0o700 });
  cpSync(signer.folder, former, { recursive: true });
  return takeUpRenewed(await renewChosen([signer], place), place);
}

/** @throws InputError where this hospital has none */
function signerOf(name: Revocable, hospital: Hospital, layout: HospitalLayout): WantedCertificate {
  const found = signersOf(hospital, layout).get(name);
  if (found === undefined)
    throw new InputError(`this hospital has no ${name}: its consortium.yaml names none`);
  return found;
}

function signersOf(hospital: Hospital, layout: HospitalLayout): Map<Revocable, WantedCertificate> {
  const { name: own } = hospital.own;
  const idOf = (name: Revocable): string => {
    if (name === 'peer') return `peer0.${own}`;
    return name === 'peer1' ? `peer1.${own}` : `${name}@${own}`;
  };
  const signing = wantedCertificates(hospital, layout).filter(({ form }) => form === 'msp');
  return new Map(
    REVOCABLE.flatMap((name) => {
      const found = signing.find(({ registration }) => registration.id === idOf(name));
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}

function ownCertificate(file: string, authority: Certificate): Certificate {
  let certificate: Certificate;
  try {
    certificate = readCertificate(readFileSync(file));
  } catch (error) {
    throw new InputError(`${file} is no certificate that can be read: ${(error as Error).message}`);
  }
  if (isIssuedBy(certificate, authority)) return certificate;
  throw new InputError(
    `${file} was not issued by this hospital's identity authority: only its own hospital can revoke it`,
  );
}

/** What is in use is replaced first: that is what its name is for. */
function refuseInUse({ der }: Certificate, hospital: Hospital, layout: HospitalLayout): void {
  const user = wantedCertificates(hospital, layout).find((one) => {
    const file = filesOf(one).certificate;
    return existsSync(file) && new X509Certificate(readFileSync(file)).raw.equals(der);
  });
  if (user === undefined) return;
  const [what] = [...signersOf(hospital, layout)].find(([, { folder }]) => folder === user.folder) ?? [];
  const remedy =
    what === undefined ? 'renew it first, WHAT=orderer' : `revoke WHAT=${what}, which replaces it first`;
  throw new InputError(`it is the certificate of ${user.registration.id}, which is in use here: ${remedy}`);
}

/** Whether a list is of this authority: the new one holds all that it revoked. */
function isOf(list: Uint8Array, { subjectKeyId }: Certificate): boolean {
  const { authorityKeyId } = readRevocationList(list);
  return (
    authorityKeyId !== undefined &&
    subjectKeyId !== undefined &&
    Buffer.from(authorityKeyId).equals(subjectKeyId)
  );
}
