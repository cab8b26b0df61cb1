// What a person does with a ticket, on a machine of their own: makes the key there, asks for the certificate, and
// takes it once it is the one that was asked for. The hospital never has the key.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  InputError,
  readArguments,
  refuseMore,
  required,
  UsageError,
} from '@consilium/command-line';
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import { writeTrust } from './enrolment.ts';
import { certificateProblem } from './issued-certificate.ts';
import { type PersonRequest, proofOf, readForm, registrationOf, Ticket } from './persons.ts';

export const PERSON_HELP = `consilium-network person: an identity of one's own, with a ticket of the hospital

  consilium-network person request --ticket FILE --folder FOLDER [--json]
      Makes a key in FOLDER, which nobody else gets, and writes FOLDER/request.json: give it to the hospital.
  consilium-network person accept  --ticket FILE --folder FOLDER --certificate FILE [--json]
      Looks whether the certificate is of that key, of the hospital's authority and for the role of the ticket, and
      makes FOLDER/msp of it: for \`make sign\` and for Fabric's own commands.

The ticket holds a secret: remove it afterwards.

${exitStatusLine(['done', 'failed', 'unusable', 'bug'])}
`;

const OPTIONS = {
  ticket: { type: 'string' },
  folder: { type: 'string' },
  certificate: { type: 'string' },
  ...COMMON_OPTIONS,
} as const;

/** The exit status. @throws UsageError, InputError */
export async function runPersonCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(PERSON_HELP);
    return values.help ? EXIT.done : EXIT.unusable;
  }
  refuseMore(rest);
  process.umask(0o077);
  const folder = required(values.folder, 'folder');
  const ticket = readForm<Ticket>(required(values.ticket, 'ticket'), Ticket, 'ticket of a hospital');
  const say = (content: object, line: string) =>
    process.stdout.write(`${values.json ? JSON.stringify(content) : line}\n`);
  if (command === 'request') {
    const request = await makeRequest(ticket, folder);
    say({ request }, `Give ${request} to the hospital. The key stays in ${folder}.`);
    return EXIT.done;
  }
  if (command === 'accept') {
    const msp = acceptCertificate(ticket, folder, required(values.certificate, 'certificate'));
    say({ msp }, `${ticket.person} is ${ticket.role} of ${ticket.mspId} with ${msp}. Remove the ticket.`);
    return EXIT.done;
  }
  throw new UsageError(`no command person ${command}`);
}

/** The key is made once: a second request is of the same one. @returns the request's file */
export async function makeRequest(ticket: Ticket, folder: string): Promise<string> {
  const [keyFile, csrFile] = ['key.pem', 'request.csr'].map((name) => join(folder, name));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(csrFile!)) {
    const { requestFor } = await import('./certificate-request.ts');
    const { type, attributes } = registrationOf(ticket);
    const { key, csr } = await requestFor({
      ...{ commonName: ticket.id, organisation: ticket.organisation, unit: type },
      ...(attributes && { attributes }),
    });
    writeWhole(keyFile!, key, 0o600);
    writeWhole(csrFile!, csr);
  }
  const csr = readFileSync(csrFile!, 'utf8');
  const request: PersonRequest = {
    ...{ kind: 'consilium request', person: ticket.person, csr },
    proof: proofOf(csr, ticket.secret),
  };
  const file = join(folder, 'request.json');
  writeWhole(file, `${JSON.stringify(request, null, 2)}\n`);
  return file;
}

/** @returns the folder `msp`. @throws InputError where the certificate is not the one that was asked for */
export function acceptCertificate(ticket: Ticket, folder: string, file: string): string {
  const keyFile = join(folder, 'key.pem');
  if (!existsSync(keyFile)) throw new InputError(`${keyFile} is not there: run \`person request\` first`);
  const key = readFileSync(keyFile, 'utf8');
  let certificate: string;
  try {
    certificate = new X509Certificate(readReceived(file, 64 * 1024)).toString();
  } catch (error) {
    throw new InputError(`${file} is no certificate in PEM: ${(error as Error).message}`);
  }
  const problem = certificateProblem({
    ...{ certificate, root: ticket.identityRoot, wanted: registrationOf(ticket) },
    isOfKey: (issued) => issued.checkPrivateKey(createPrivateKey(key)),
  });
  if (problem !== undefined) throw new InputError(`${file} is not taken: ${problem}`);
  const msp = join(folder, 'msp');
  const roots = { identity: join(folder, 'identity-root.pem'), tls: join(folder, 'tls-root.pem') };
  writeWhole(roots.identity, ticket.identityRoot);
  writeWhole(roots.tls, ticket.tlsRoot);
  writeTrust(msp, roots);
  writeWhole(join(msp, 'keystore/key.pem'), key, 0o600);
  writeWhole(join(msp, 'signcerts/cert.pem'), certificate);
  return msp;
}
