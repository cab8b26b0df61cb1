// What one organisation gives to the others before there is a channel: certificates and names, and no key. The others
// believe it under the roots whose digests all agreed on.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { writeWhole } from '../state-file.ts';
import { Strict } from '../yaml-document.ts';
import type { AgreedConsortium, AgreedOrganisation } from './agreed-consortium.ts';
import { rootOf } from './certificate-authority.ts';
import { writeTrust } from './enrolment.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, ordererDirOf, organisationDirOf, peerDirOf } from './hospital-layout.ts';
import { definitionFile, putIntoMailbox } from './mailbox.ts';
import { isPeerId } from './peer-id.ts';
import { certificateSha256, readSigned, signFile } from './signed-file.ts';

const KIND = 'definition';
const Pem = Type.String({
  pattern: '^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----\\s*$',
});

const Definition = Strict({
  mspId: Type.String(),
  identityRoot: Pem,
  tlsRoot: Pem,
  orderer: Strict({ identity: Pem, tls: Pem }),
  ipfsPeerId: Type.String(),
  /** X25519, SPKI in base64: secrets for this organisation are sealed to it. */
  exchangeKey: Type.String({ pattern: '^MCowBQYDK2VuAyEA[A-Za-z0-9+/]{43}=$' }),
});
export interface Definition {
  readonly mspId: string;
  readonly identityRoot: string;
  readonly tlsRoot: string;
  readonly orderer: { readonly identity: string; readonly tls: string };
  readonly ipfsPeerId: string;
  readonly exchangeKey: string;
}

/** One that is believed, with the text of its file. */
export interface BelievedDefinition extends Definition {
  readonly signedText: string;
}

export interface AdministratorFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** PEM texts of the organisation's administrator. */
export function administratorOf({ peer }: HospitalLayout): AdministratorFiles {
  const read = (name: string) => readFileSync(join(peer.adminMspDir, name), 'utf8');
  return { certificate: read('signcerts/cert.pem'), privateKey: read('keystore/key.pem') };
}

/** Writes the own definition into the mailbox, and returns the digests of its roots. */
export function writeDefinition(
  { own, file }: Hospital,
  layout: HospitalLayout,
  given: { readonly ipfsPeerId: string; readonly exchangeKey: string },
): NonNullable<AgreedOrganisation['roots']> {
  const read = (path: string) => readFileSync(path, 'utf8');
  const { identity, tls } = layout.authorities;
  const definition: Definition = {
    mspId: own.mspId,
    identityRoot: read(rootOf({ home: identity })),
    tlsRoot: read(rootOf({ home: tls })),
    orderer: { identity: read(layout.orderer.signCertificate), tls: read(layout.orderer.tls.certificate) },
    ...given,
  };
  putIntoMailbox(
    definitionFile(file.mailbox, own.mspId),
    signFile(KIND, definition, administratorOf(layout)),
  );
  return { identity: certificateSha256(definition.identityRoot), tls: certificateSha256(definition.tlsRoot) };
}

/**
 * Every organisation's definition in the mailbox or the own folder, each believed under its agreed roots, in the
 * order of consortium.yaml.
 *
 * @param at when their signers' certificates have to be valid; not asked where absent
 * @throws InputError naming every definition that is missing or not believed.
 */
export function readDefinitions(
  consortium: AgreedConsortium,
  folder: string,
  at?: Date,
): BelievedDefinition[] {
  const problems: string[] = [];
  const definitions = consortium.organisations.flatMap((organisation) => {
    try {
      return [readDefinition(organisation, definitionFile(folder, organisation.mspId), at)];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  problems.push(...sharedPeerIds(definitions));
  if (problems.length > 0) throw new InputError(problems.map((text) => ({ field: '', text })));
  return definitions;
}

/** @throws InputError where two of them have one IPFS peer id */
export function refuseSharedPeerIds(definitions: readonly Definition[]): void {
  const problems = [...sharedPeerIds(definitions)];
  if (problems.length > 0) throw new InputError(problems.map((text) => ({ field: '', text })));
}

/** Where two have one id, Kubo would look for both at the address of one. */
function* sharedPeerIds(definitions: readonly Definition[]): Generator<string> {
  const first = new Map<string, string>();
  for (const { mspId, ipfsPeerId } of definitions) {
    const other = first.get(ipfsPeerId);
    first.set(ipfsPeerId, mspId);
    if (other !== undefined) yield `${mspId} and ${other} define one IPFS peer id: ask both whose it is`;
  }
}

/** @throws InputError */
export function readDefinition(
  { mspId, host, roots }: AgreedOrganisation,
  path: string,
  at?: Date,
): BelievedDefinition {
  if (roots === undefined) {
    throw new InputError(
      `consortium.yaml has no roots of ${mspId}: write what its \`hospital init\` printed`,
    );
  }
  if (!existsSync(path)) throw new InputError(`${path} is not there: ask ${mspId} for its definition`);
  const signer = { mspId, rootSha256: roots.identity, ...(at && { at }) };
  const { value, text } = readSigned(
    path,
    KIND,
    signer,
    (content) => (content as Definition | null)?.identityRoot,
  );
  const refuse = (why: string): never => {
    throw new InputError(`${path} is not a definition of ${mspId}: ${why}`);
  };
  if (!Check(Definition, value)) return refuse('it has other fields than a definition has');
  if (!isPeerId(value.ipfsPeerId)) refuse('its ipfsPeerId is none that Kubo reads');
  if (value.mspId !== mspId) refuse(`it is of ${value.mspId}`);
  if (certificateSha256(value.tlsRoot) !== roots.tls)
    refuse('its TLS root is not the agreed one (roots.tls)');
  const isUnder = (pem: string, root: string) => {
    const [certificate, authority] = [new X509Certificate(pem), new X509Certificate(root)];
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  };
  const { identity, tls } = value.orderer;
  if (!isUnder(identity, value.identityRoot)) refuse("its orderer's identity is not under its root");
  if (!new X509Certificate(identity).subject.split('\n').includes('OU=orderer'))
    refuse('its orderer is none');
  if (!isUnder(tls, value.tlsRoot)) refuse("its orderer's TLS certificate is not under its root");
  if (new X509Certificate(tls).checkHost(host) === undefined)
    refuse(`its orderer is not certified for ${host}`);
  return { ...value, signedText: text };
}

/** Writes another organisation's public half to where the own nodes look for it. */
export function keepDefinition(definition: Definition, directory: string): void {
  const { mspId, identityRoot, tlsRoot, orderer } = definition;
  const organisationDir = organisationDirOf(directory, mspId);
  const roots = { identity: join(organisationDir, 'ca.crt'), tls: join(organisationDir, 'tlsca.crt') };
  mkdirSync(organisationDir, { recursive: true, mode: 0o700 });
  writeWhole(roots.identity, identityRoot);
  writeWhole(roots.tls, tlsRoot);
  writeTrust(join(organisationDir, 'msp'), roots);
  const ordererDir = ordererDirOf(organisationDir);
  writeWhole(join(ordererDir, 'msp/signcerts/cert.pem'), orderer.identity);
  writeWhole(join(ordererDir, 'tls/server.crt'), orderer.tls);
  for (const node of [ordererDir, peerDirOf(organisationDir)]) writeWhole(join(node, 'tls/ca.crt'), tlsRoot);
}
