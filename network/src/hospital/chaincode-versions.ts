// Which versions of the chaincode this hospital runs. While all go from one version to the next, a peer needs both: the
// channel runs the former until enough have approved the next, and each peer then changes over by itself. So each
// version has a process, a port and a package of its own, and the former one's code stays where its release is.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { type ChaincodePackage, ccaasPackage } from '../native/chaincode-package.ts';
import { folderOf } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import type { AgreedConsortium } from './agreed-consortium.ts';
import { chaincodeSha256, codeFolders } from './code-digest.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';

/** One version that runs here. */
export interface ChaincodeVersion {
  readonly version: string;
  /** Of its code. */
  readonly sha256: string;
  /** On the loopback interface: the package says it to the peer. */
  readonly port: number;
  /** Of the chaincode in its release. */
  readonly folder: string;
}

type Agreed = AgreedConsortium['chaincode'];

const fileOf = ({ directory }: HospitalLayout): string => join(directory, 'chaincode-versions.json');

/** Those that run here, the newest last; none before the first start. */
export function chaincodeVersions(layout: HospitalLayout): ChaincodeVersion[] {
  const file = fileOf(layout);
  if (!existsSync(file)) return [];
  return JSON.parse(readFileSync(file, 'utf8')) as ChaincodeVersion[];
}

const write = (layout: HospitalLayout, versions: readonly ChaincodeVersion[]): void =>
  writeWhole(fileOf(layout), `${JSON.stringify(versions, null, 2)}\n`);

const isAgreed = ({ version, sha256 }: ChaincodeVersion, agreed: Agreed): boolean =>
  version === agreed.version && sha256 === agreed.sha256;

/**
 * The versions to start, the agreed one last. Its code is this release's.
 *
 * @throws InputError where another version runs here, or a former one's code is not there any more
 */
export function versionsToRun({ consortium, inside }: Hospital, layout: HospitalLayout): ChaincodeVersion[] {
  const { chaincode } = consortium;
  const known = chaincodeVersions(layout);
  const folder = folderOf('chaincode');
  const [latest] = known.slice(-1);
  if (latest !== undefined && !isAgreed(latest, chaincode)) {
    throw new InputError(
      `this hospital runs version ${latest.version} of the chaincode, and consortium.yaml has ` +
        `${chaincode.version}: run \`hospital upgrade\`, or \`hospital compose\` under Docker Compose`,
    );
  }
  const versions: ChaincodeVersion[] =
    latest === undefined
      ? [{ version: chaincode.version, sha256: chaincode.sha256, port: inside.chaincode, folder }]
      : [...known.slice(0, -1), { ...latest, folder }];
  for (const former of versions.slice(0, -1)) assertCode(former);
  write(layout, versions);
  return versions;
}

function assertCode({ version, sha256, folder }: ChaincodeVersion): void {
  const remedy = 'the channel may still run it, so that its release has to stay until the upgrade is over';
  if (!existsSync(join(folder, 'package.json')))
    throw new InputError(
      `the code of version ${version} is not in ${folder} any more: put it back; ${remedy}`,
    );
  if (chaincodeSha256(codeFolders(folder)) !== sha256)
    throw new InputError(`the code of version ${version} in ${folder} was changed: put it back; ${remedy}`);
}

/**
 * Takes up the agreed version beside the one that runs here, for the next start. Where that is the agreed one already,
 * nothing is to be done.
 *
 * @throws InputError where nothing has run here yet, or another upgrade is under way
 */
export function takeUpVersion({ consortium, inside }: Hospital, layout: HospitalLayout): void {
  const { version, sha256 } = consortium.chaincode;
  const known = chaincodeVersions(layout);
  const [latest] = known.slice(-1);
  if (latest === undefined)
    throw new InputError('no version of the chaincode has run here yet: start it with `hospital up`');
  if (isAgreed(latest, consortium.chaincode)) return;
  if (latest.version === version) {
    throw new InputError(
      `consortium.yaml has other code under the same version ${version}: peers could not tell one from the ` +
        'other; give it a version of its own',
    );
  }
  if (known.length > 1) {
    throw new InputError(
      `this hospital still goes from version ${known[0]!.version} to ${latest.version}: submit that ceremony first`,
    );
  }
  const own = chaincodeSha256();
  if (own !== sha256) {
    throw new InputError(
      `the chaincode of this release has the digest ${own}, and consortium.yaml has ${sha256}: ` +
        'run this command from the agreed release',
    );
  }
  assertCode(latest);
  const port = latest.port === inside.chaincode ? inside.chaincodeNext : inside.chaincode;
  write(layout, [latest, { version, sha256, port, folder: folderOf('chaincode') }]);
}

/** The channel runs the agreed version: the next start runs no other. */
export function forgetFormerVersions(layout: HospitalLayout): void {
  const known = chaincodeVersions(layout);
  if (known.length > 1) write(layout, known.slice(-1));
}

/** What this hospital's peer installs for a version. */
export const packageOf = (name: string, { version, port }: ChaincodeVersion): ChaincodePackage =>
  ccaasPackage({ label: `${name}_${version}`, address: `127.0.0.1:${port}`, withOwnKey: true });
