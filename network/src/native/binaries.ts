// Finds the programs of a real Fabric, and of IPFS, that the operator installed. Nothing is downloaded or built.
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const FABRIC_PROGRAMS = ['orderer', 'peer', 'configtxgen', 'configtxlator', 'osnadmin'] as const;
/** What one organisation's commands need besides: its certificate authorities. */
const HOSPITAL_PROGRAMS = [...FABRIC_PROGRAMS, 'fabric-ca-client', 'fabric-ca-server'] as const;
export type FabricProgram = (typeof FABRIC_PROGRAMS)[number];
export type HospitalProgram = (typeof HOSPITAL_PROGRAMS)[number];

export interface FabricBinaries {
  readonly programs: Readonly<Record<FabricProgram, string>>;
  /** The folder of the builder for chaincode as a service, with bin/detect, bin/build and bin/release. */
  readonly ccaasBuilder: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export class MissingBinariesError extends Error {
  override readonly name = 'MissingBinariesError';

  constructor(missing: readonly string[]) {
    super(
      `the native runtime needs Fabric's binaries; not found: ${missing.join('; ')} → set FABRIC_BIN_DIR to the ` +
        '`bin` folder of a Fabric release (its `builders` folder beside it), or use `runtime: embedded`',
    );
  }
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const set = (value: string | undefined): string[] => (value === undefined || value === '' ? [] : [value]);

function foldersOf(environment: Environment): string[] {
  return [...set(environment.FABRIC_BIN_DIR), ...(environment.PATH ?? '').split(delimiter)]
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder));
}

/** The first file of each name, and the names of which there is none. */
function findPrograms<T extends string>(names: readonly T[], environment: Environment) {
  const folders = foldersOf(environment);
  const found: Partial<Record<T, string>> = {};
  const missing: T[] = [];
  for (const name of names) {
    const file = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (file === undefined) missing.push(name);
    else found[name] = file;
  }
  return { found: found as Record<T, string>, missing };
}

/** Names of those that one organisation's commands need and that are not there. */
export const missingHospitalPrograms = (environment: Environment = process.env): string[] =>
  findPrograms(HOSPITAL_PROGRAMS, environment).missing;

/** @throws MissingBinariesError naming each that is missing. */
export function findHospitalPrograms(
  environment: Environment = process.env,
): Readonly<Record<HospitalProgram, string>> {
  const { found, missing } = findPrograms(HOSPITAL_PROGRAMS, environment);
  if (missing.length > 0) throw new MissingBinariesError(missing);
  return found;
}

/** @throws MissingBinariesError naming each that is missing. */
export function findFabric(environment: Environment = process.env): FabricBinaries {
  const programs = findPrograms(FABRIC_PROGRAMS, environment);
  const found: Partial<Record<FabricProgram, string>> = programs.found;
  const missing: string[] = [...programs.missing];
  const [given] = set(environment.FABRIC_CCAAS_BUILDER);
  const beside = set(environment.FABRIC_BIN_DIR).concat(
    found.peer === undefined ? [] : [dirname(found.peer)],
  );
  const builders =
    given === undefined ? beside.map((folder) => resolve(folder, '../builders/ccaas')) : [resolve(given)];
  const ccaasBuilder = builders.find((folder) =>
    ['detect', 'build', 'release'].every((name) => isExecutable(join(folder, 'bin', name))),
  );
  if (ccaasBuilder === undefined) {
    missing.push('the ccaas builder (FABRIC_CCAAS_BUILDER, or ../builders/ccaas beside the binaries)');
  }
  if (missing.length > 0) throw new MissingBinariesError(missing);
  return { programs: found as Record<FabricProgram, string>, ccaasBuilder: ccaasBuilder! };
}

/** Why nothing runs on a real Fabric here, in words; false where `find` finds what it needs. */
export function whyNoFabric(find: () => unknown = findFabric): string | false {
  try {
    find();
    return false;
  } catch (error) {
    if (error instanceof MissingBinariesError) return 'not run: no Fabric binaries (set FABRIC_BIN_DIR)';
    throw error;
  }
}

/** Kubo's `ipfs`: IPFS_BIN, PATH, or the one that `make kubo` built. Undefined where there is none. */
export function findKubo(environment: Environment = process.env): string | undefined {
  const cache = join(environment.HOME ?? homedir(), '.cache/consilium');
  let built: string[] = [];
  try {
    built = readdirSync(cache).filter((name) => name.startsWith('kubo-'));
  } catch {
    // Nothing was built here.
  }
  const candidates = [
    ...set(environment.IPFS_BIN),
    ...(environment.PATH ?? '').split(delimiter).map((folder) => join(folder, 'ipfs')),
    ...built
      .sort()
      .reverse()
      .map((name) => join(cache, name, 'ipfs')),
  ];
  return candidates.find(isExecutable);
}
