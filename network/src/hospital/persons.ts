// The persons of a hospital who sign themselves: whoever they are, their key is made where they use it. What travels
// to a person is a ticket with a secret that is good for one certificate; what comes back is a request and a proof
// that its sender had the ticket. The authority runs only when the hospital issues.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import { Strict } from '../yaml-document.ts';
import { CertificateAuthority, type Registration, rootOf } from './certificate-authority.ts';
import { authoritiesOf, type EnrolmentPlace } from './enrolment.ts';
import { PERSON_ROLES } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { certificateProblem } from './issued-certificate.ts';
import { draftOf, putCertificate } from './put-certificate.ts';

const MOST_BYTES = 64 * 1024;
export const ROLES_OF_PERSONS = [...PERSON_ROLES, 'admin'] as const;
export type PersonRole = (typeof ROLES_OF_PERSONS)[number];
/** As in the gateway's connection file; names of its roles are taken. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What the hospital keeps of a person. */
export interface Person {
  readonly name: string;
  readonly role: PersonRole;
  /** At the authority. */
  readonly id: string;
  /** `here`: the gateway signs for the person, with a key on this host. */
  readonly keyIs: 'here' | 'theirs';
  readonly state: 'invited' | 'enrolled' | 'revoked';
  /** While invited. */
  readonly secret?: string;
  readonly certificate?: string;
}

/** What a person gets, and nobody else may read. */
export const Ticket = Strict({
  kind: Type.Literal('consilium ticket'),
  mspId: Type.String(),
  organisation: Type.String(),
  person: Type.String({ pattern: NAME.source }),
  id: Type.String(),
  role: Type.Enum([...ROLES_OF_PERSONS]),
  secret: Type.String({ pattern: '^[0-9a-f]{48}$' }),
  identityRoot: Type.String(),
  tlsRoot: Type.String(),
});
export type Ticket = Type.Static<typeof Ticket>;

/** What comes back. Nothing in it is secret. */
export const PersonRequest = Strict({
  kind: Type.Literal('consilium request'),
  person: Type.String({ pattern: NAME.source }),
  csr: Type.String(),
  /** HMAC-SHA-256 of the request by the ticket's secret, in hexadecimal. */
  proof: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});
export type PersonRequest = Type.Static<typeof PersonRequest>;

export const proofOf = (csr: string, secret: string): string =>
  createHmac('sha256', secret).update(`consilium request\n${csr}`, 'utf8').digest('hex');

export const registrationOf = ({ id, role }: Pick<Person, 'id' | 'role'>): Registration =>
  role === 'admin' ? { id, type: 'admin' } : { id, type: 'client', attributes: { 'consilium.role': role } };

/** @throws InputError for a file that is not of this form, naming it and nothing of its content */
export function readForm<T>(file: string, schema: Type.TSchema, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(readReceived(file, MOST_BYTES).toString('utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message;
    throw new InputError(`${file} is no ${what}: ${why}`);
  }
  if (!Check(schema, value)) throw new InputError(`${file} is no ${what}: it has other fields than one has`);
  return value as T;
}

const folderOf = ({ directory }: Pick<HospitalLayout, 'directory'>): string => join(directory, 'persons');
const fileOf = (layout: HospitalLayout, name: string): string => join(folderOf(layout), `${name}.json`);

export function personsIn(layout: HospitalLayout): Person[] {
  const folder = folderOf(layout);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Person);
}

const keep = (layout: HospitalLayout, person: Person): void =>
  writeWhole(fileOf(layout, person.name), `${JSON.stringify(person, null, 2)}\n`, 0o600);

/** The folder of a person whose key is on this host, beside those of the roles. */
export const userFolderOf = ({ directory }: HospitalLayout, mspId: string, name: string): string =>
  join(organisationDirOf(directory, mspId), 'users', name, 'msp');

function find(layout: HospitalLayout, name: string): Person {
  const person = personsIn(layout).find((one) => one.name === name);
  if (person === undefined) throw new InputError(`nobody is enrolled as ${name}: see \`hospital persons\``);
  return person;
}

/** @throws InputError */
function newPerson(place: EnrolmentPlace, name: string, role: PersonRole): Omit<Person, 'state' | 'keyIs'> {
  const { hospital, layout } = place;
  if (!NAME.test(name)) {
    throw new InputError(`--person ${name}: write 1 to 64 of a to z, digits, dots, hyphens, underscores`);
  }
  if ([...ROLES_OF_PERSONS, 'trainer'].some((taken) => taken === name))
    throw new InputError(`--person ${name} is the name of a role: choose another`);
  if (hospital.file.ca?.kind === 'by-hand')
    throw new InputError('persons are enrolled by a Fabric CA: with `ca: by-hand` your authority does it');
  const before = personsIn(layout).find((one) => one.name === name);
  if (before !== undefined && before.state === 'enrolled')
    throw new InputError(`${name} is enrolled already as ${before.role}: revoke that first`);
  return { name, role, id: `${name}@${hospital.own.name}` };
}

async function withAuthority<T>(
  place: EnrolmentPlace,
  work: (authority: CertificateAuthority) => Promise<T>,
) {
  const authority = await CertificateAuthority.start(authoritiesOf(place).identity);
  try {
    return await work(authority);
  } finally {
    await authority.stop();
  }
}

/** @throws InputError, AuthorityError */
export async function invite(place: EnrolmentPlace, name: string, role: PersonRole): Promise<Ticket> {
  const { hospital, layout } = place;
  const person = newPerson(place, name, role);
  const { id, secret } = await withAuthority(place, async (authority) => {
    await revokeInvitation(authority, layout, name);
    return registerAs(authority, registrationOf(person));
  });
  keep(layout, { ...person, id, keyIs: 'theirs', state: 'invited', secret });
  const read = (of: 'identity' | 'tls') => readFileSync(rootOf({ home: layout.authorities[of] }), 'utf8');
  return {
    ...{ kind: 'consilium ticket', mspId: hospital.own.mspId, organisation: hospital.own.name },
    ...{ person: name, id, role, secret, identityRoot: read('identity'), tlsRoot: read('tls') },
  };
}

/** A ticket that was given out before is good for nothing at the authority either, whoever has it. */
async function revokeInvitation(
  authority: CertificateAuthority,
  layout: HospitalLayout,
  name: string,
): Promise<void> {
  const before = personsIn(layout).find((one) => one.name === name);
  if (before?.state === 'invited') await authority.revoke(before.id, 'superseded');
}

/** Under another name where that one was used before: its tickets and certificates are not good for this one. */
async function registerAs(authority: CertificateAuthority, registration: Registration) {
  for (let attempt = 1; ; attempt += 1) {
    const id = attempt === 1 ? registration.id : registration.id.replace('@', `.${attempt}@`);
    try {
      return { id, secret: await authority.register({ ...registration, id }) };
    } catch (error) {
      if (!(error as Error).message.includes('already registered') || attempt > 50) throw error;
    }
  }
}

/** The person's key is made here, for the gateway to sign with. @throws InputError, AuthorityError */
export async function enrolHere(place: EnrolmentPlace, name: string, role: PersonRole): Promise<Person> {
  const { hospital, layout } = place;
  if (role === 'admin') throw new InputError('an administrator has a key of their own: leave --here out');
  const person = newPerson(place, name, role);
  const folder = userFolderOf(layout, hospital.own.mspId, name);
  const at = { form: 'msp', folder } as const;
  const id = await withAuthority(place, async (authority) => {
    await revokeInvitation(authority, layout, name);
    const registered = await registerAs(authority, registrationOf(person));
    await authority.enrolRegistered(registered, draftOf(at));
    return registered.id;
  });
  putCertificate(at);
  const certificate = readFileSync(join(folder, 'signcerts/cert.pem'), 'utf8');
  const enrolled: Person = { ...person, id, keyIs: 'here', state: 'enrolled', certificate };
  keep(layout, enrolled);
  return enrolled;
}

/** Certifies the request of who was invited. @throws InputError where it is not theirs; AuthorityError */
export async function certifyPerson(place: EnrolmentPlace, request: PersonRequest): Promise<Person> {
  const { layout } = place;
  const person = find(layout, request.person);
  const { secret } = person;
  if (person.state !== 'invited' || secret === undefined)
    throw new InputError(`${person.name} is ${person.state}: a ticket is good for one certificate`);
  const expected = Buffer.from(proofOf(request.csr, secret), 'hex');
  if (!timingSafeEqual(expected, Buffer.from(request.proof, 'hex')))
    throw new InputError(
      `the request of ${person.name} is not by the holder of the ticket: invite them again`,
    );
  const { readRequest } = await import('./certificate-request.ts');
  await readRequest(request.csr).catch((error: Error) => {
    throw new InputError(`the request of ${person.name} is none: ${error.message}`);
  });
  const certificate = await withAuthority(place, (authority) =>
    authority.certify(request.csr, { id: person.id, secret }),
  );
  const problem = certificateProblem({
    ...{ certificate, wanted: registrationOf(person), isOfKey: () => true },
    root: readFileSync(rootOf({ home: layout.authorities.identity }), 'utf8'),
  });
  if (problem !== undefined)
    throw new InputError(`the certificate for ${person.name} is not given: ${problem}`);
  const { secret: _, ...rest } = person;
  const enrolled: Person = { ...rest, state: 'enrolled', certificate };
  keep(layout, enrolled);
  return enrolled;
}

/**
 * Revokes all certificates of a person, and removes the key that is here.
 *
 * @returns the authority's revocation list, which counts once the channel has it
 */
export async function revokePerson(
  place: EnrolmentPlace,
  name: string,
  reason?: string,
): Promise<{ readonly person: Person; readonly list: string }> {
  const { hospital, layout } = place;
  const person = find(layout, name);
  const list = await withAuthority(place, (authority) => authority.revoke(person.id, reason));
  const { secret: _, ...rest } = person;
  const revoked: Person = { ...rest, state: 'revoked' };
  keep(layout, revoked);
  rmSync(join(userFolderOf(layout, hospital.own.mspId, name), '..'), { recursive: true, force: true });
  mkdirSync(join(layout.directory, 'revoked'), { recursive: true, mode: 0o700 });
  writeWhole(join(layout.directory, 'revoked/identity.pem'), list);
  return { person: revoked, list };
}
