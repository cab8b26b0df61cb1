// The consortium that the demo starts, and its hospitals as their own systems reach them.
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Consortium, parseConsortium, readConsortium } from '../src/config.ts';
import { type LedgerNetwork, ordererOf } from '../src/ledger-network.ts';
import { ownFolder } from '../src/programs.ts';
import type { Addresses } from '../src/runtime.ts';
import { readSecrets } from '../src/secrets.ts';
import { writeWhole } from '../src/state-file.ts';
import type { DataSource } from './data-files.ts';
import type { Site } from './enrolment.ts';
import { HospitalClient } from './hospital-client.ts';

/** The default consortium with the hospitals of the data; checked as any other. */
export function writeConfiguration(
  { hospitals, directory }: DataSource,
  network: LedgerNetwork,
  outDirectory: string,
): string {
  const base = readConsortium(join(ownFolder, 'consortium.yaml'));
  const consortium: Consortium = {
    ...base,
    runtime: network.runtime,
    ...(network.runtime === 'native' && { orderer: { ...base.orderer, ...ordererOf(network) } }),
    organisations: hospitals.map(({ name, mspId, title }) => ({
      name,
      mspId,
      title,
      trainer: { dataFolders: [resolve(directory)] },
    })),
  };
  const text = stringify(consortium);
  const file = join(outDirectory, 'consortium.yaml');
  parseConsortium(text, file);
  writeWhole(file, text);
  return file;
}

/** Each hospital with a client of its gateway, which has the keys of all its roles. */
export function sitesOf(
  { hospitals }: DataSource,
  { organisations }: Addresses,
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Site[] {
  return hospitals.map((hospital) => {
    const { gatewayUrl } = organisations.find(({ mspId }) => mspId === hospital.mspId)!;
    const keys = readSecrets(directory, hospital.name).gateway;
    return { hospital, client: new HospitalClient({ url: gatewayUrl, keys, signal }) };
  });
}
