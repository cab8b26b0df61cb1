// Certificates of an authority that is not Fabric's: requests go out as files, certificates come in as files. The
// keys are made here and stay here, and what comes in is looked at before anything uses it.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import { rootOf } from './certificate-authority.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { certificateProblem } from './issued-certificate.ts';
import { draftOf, putCertificate } from './put-certificate.ts';
import { filesOf, type WantedCertificate } from './wanted-certificates.ts';

const MOST_BYTES = 64 * 1024;

export interface ByHandPlace {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
}

/** Where requests are written, and certificates and roots are looked for. */
export const requestsIn = ({ directory }: Pick<HospitalLayout, 'directory'>): string =>
  join(directory, 'requests');

const nameOf = ({ form, registration: { id } }: WantedCertificate): string =>
  `${form === 'msp' ? 'identity' : 'tls'}-${id.replace('@', '-at-')}`;

/**
 * Writes a request for each certificate that there is none of yet, and takes those that came.
 *
 * @param all with `isRenewal` also of what there is a certificate of: a new key for each
 * @throws InputError naming each that is missing, or not what was asked for, with what to ask for
 */
export async function takeByHand(
  all: readonly WantedCertificate[],
  { hospital, layout }: ByHandPlace,
  isRenewal = false,
): Promise<void> {
  const folder = requestsIn(layout);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = all.filter((one) => isRenewal || !existsSync(filesOf(one).certificate));
  for (const one of wanted) await ask(one, { folder, organisation: hospital.own.name });
  const roots = { msp: takeRoot(folder, 'identity', layout), tls: takeRoot(folder, 'tls', layout) };
  const problems: string[] = [];
  for (const root of Object.values(roots)) if ('problem' in root) problems.push(root.problem);
  for (const one of wanted) {
    const root = roots[one.form];
    const problem = 'problem' in root ? undefined : take(one, { folder, root: root.pem });
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length > 0)
    throw new InputError(problems.map((text) => ({ field: `certificates in ${folder}`, text })));
}

interface Folder {
  readonly folder: string;
}

const keyOf = (folder: string, one: WantedCertificate): string => join(folder, `${nameOf(one)}.key`);

/** The key and its request, once. */
async function ask(
  one: WantedCertificate,
  { folder, organisation }: Folder & { readonly organisation: string },
): Promise<void> {
  const request = join(folder, `${nameOf(one)}.csr`);
  if (existsSync(request)) return;
  // What makes requests is large, and seldom needed.
  const { requestFor } = await import('./certificate-request.ts');
  const { id, type, attributes, hosts } = one.registration;
  const { key, csr } = await requestFor({
    ...{ commonName: id, organisation },
    ...(hosts === undefined ? { unit: type } : { hosts }),
    ...(attributes && { attributes }),
  });
  // The key first: a request that is there has its key.
  writeWhole(keyOf(folder, one), key, 0o600);
  writeWhole(request, csr);
}

function takeRoot(
  folder: string,
  of: 'identity' | 'tls',
  layout: HospitalLayout,
): { readonly pem: string } | { readonly problem: string } {
  const file = join(folder, `${of}-root.pem`);
  if (!existsSync(file))
    return { problem: `${of}-root.pem is not there: put the root of the authority there` };
  let pem: string;
  let root: X509Certificate;
  try {
    pem = readReceived(file, MOST_BYTES).toString('utf8');
    root = new X509Certificate(pem);
  } catch (error) {
    return { problem: `${of}-root.pem is no certificate in PEM (${(error as Error).message})` };
  }
  if (!root.ca || !root.checkIssued(root) || !root.verify(root.publicKey))
    return { problem: `${of}-root.pem is no root: it has to be an authority that issued itself` };
  const place = rootOf({ home: layout.authorities[of] });
  if (existsSync(place) && new X509Certificate(readFileSync(place)).fingerprint256 !== root.fingerprint256)
    return { problem: `${of}-root.pem is another root than before, and all agreed on that one` };
  const canonical = root.toString();
  writeWhole(place, canonical);
  return { pem: canonical };
}

/** Why it cannot be taken; undefined where it was. */
function take(
  one: WantedCertificate,
  { folder, root }: Folder & { readonly root: string },
): string | undefined {
  const name = nameOf(one);
  const file = join(folder, `${name}.crt`);
  if (!existsSync(file)) return `${name}.crt is not there: have ${name}.csr certified`;
  let certificate: string;
  try {
    certificate = new X509Certificate(readReceived(file, MOST_BYTES)).toString();
  } catch (error) {
    return `${name}.crt cannot be read (${(error as Error).message})`;
  }
  const key = readFileSync(keyOf(folder, one), 'utf8');
  const problem = certificateProblem({
    ...{ certificate, root, wanted: one.registration },
    isOfKey: (issued) => issued.checkPrivateKey(createPrivateKey(key)),
  });
  if (problem !== undefined) return `${name}.crt: ${problem}`;
  writeWhole(join(draftOf(one), 'key.pem'), key, 0o600);
  writeWhole(join(draftOf(one), 'cert.pem'), certificate);
  putCertificate(one);
  for (const used of [join(folder, `${name}.csr`), keyOf(folder, one)]) rmSync(used);
  renameSync(file, join(folder, `${name}.taken.crt`));
  return undefined;
}
