// Clinics that were initialised, each in a folder of its own, with identities of test-network's authority in place of
// Fabric CA's: for tests that need no Fabric.
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { program } from '../../programs.ts';
import type { AgreedConsortium } from '../agreed-consortium.ts';
import { writeDefinition } from '../definition.ts';
import { type Hospital, readHospital } from '../hospital-file.ts';
import { type HospitalLayout, hospitalLayout, ordererDirOf, organisationDirOf } from '../hospital-layout.ts';
import { ensureExchangeKey } from '../swarm-key.ts';
import { exampleConsortium } from './example-consortium.ts';

export interface Clinic {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  /** Of its hospital.yaml. */
  readonly path: string;
}

/** Read again, as after another consortium.yaml was agreed on. */
export function reopen({ path }: Clinic): Clinic {
  const hospital = readHospital(path);
  return { hospital, layout: hospitalLayout(hospital), path };
}

/** The same bytes for every clinic. */
export function agreeOn(root: string, consortium: AgreedConsortium): void {
  for (const { name } of consortium.organisations) {
    writeFileSync(join(root, name, 'consortium.yaml'), stringify(consortium));
  }
}

/** Clinics below `root`, whose definitions are in `root/mailbox` and whose roots all agreed on. */
export async function initialisedClinics(root: string, count: number): Promise<Clinic[]> {
  const draft = exampleConsortium(count);
  const made = join(root, 'made');
  mkdirSync(made, { recursive: true });
  mkdirSync(join(root, 'mailbox'));
  const configuration = {
    channel: draft.channel,
    organisations: [{ mspId: 'NobodyMSP', name: 'nobody', endpoint: 'localhost:1' }],
    orderers: draft.organisations.map(({ mspId, name, host }) => ({
      ...{ mspId, name, endpoint: `${host}:7050`, hostAliases: [host] },
    })),
  };
  writeFileSync(join(made, 'identities.json'), JSON.stringify(configuration));
  const command = [
    program('test-network'),
    'identities',
    '--dir',
    made,
    '--config',
    join(made, 'identities.json'),
  ];
  await promisify(execFile)(process.execPath, command);
  const clinics = draft.organisations.map(({ name }): Clinic => {
    mkdirSync(join(root, name));
    const path = join(root, name, 'hospital.yaml');
    const own = { consortium: 'consortium.yaml', organisation: name, folder: join(root, name, 'place') };
    writeFileSync(path, stringify({ ...own, mailbox: join(root, 'mailbox') }));
    return { path } as Clinic;
  });
  agreeOn(root, draft);
  const roots = clinics.map((one, at) => prepare(reopen(one), { made, at }));
  const organisations = draft.organisations.map((one, at) => ({ ...one, roots: roots[at]! }));
  agreeOn(root, { ...draft, organisations });
  return clinics.map(reopen);
}

/** Puts identities where `hospital init` does. */
function prepare({ hospital, layout }: Clinic, { made, at }: { readonly made: string; readonly at: number }) {
  const { own } = hospital;
  const organisationDir = organisationDirOf(layout.directory, own.mspId);
  cpSync(join(made, 'organisations', own.mspId), organisationDir, { recursive: true });
  const { identity, tls } = layout.authorities;
  for (const [folder, name] of [
    [identity, 'ca'],
    [tls, 'tlsca'],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(organisationDir, `ca/${name}.crt`), join(folder, 'ca-cert.pem'));
  }
  cpSync(join(ordererDirOf(organisationDir), 'tls'), layout.tls.link, { recursive: true });
  const exchangeKey = ensureExchangeKey(layout.exchangeKey);
  return writeDefinition(hospital, layout, {
    ipfsPeerId: examplePeerId(at),
    exchangeKey,
  });
}

/** Of an Ed25519 key that ends with the number. */
export function examplePeerId(at: number): string {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  const key = '7'.repeat(62) + at.toString(16).padStart(2, '0');
  let text = '';
  for (let rest = BigInt(`0x2408011220${key}`); rest > 0n; rest /= 58n)
    text = digits[Number(rest % 58n)]! + text;
  return `1${text}`;
}
