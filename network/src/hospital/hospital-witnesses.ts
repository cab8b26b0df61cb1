// Where a hospital's gateway waits for those of the others, and where it finds them. It proves itself with the
// certificate of the links: the agreed name, under the organisation's TLS authority.
import { join } from 'node:path';
import type { WitnessFile } from '../witness-settings.ts';
import { portsOf } from './agreed-consortium.ts';
import type { Hospital } from './hospital-file.ts';
import { ALL_ADDRESSES, type HospitalLayout } from './hospital-layout.ts';
import { keptListsFile } from './tls-lists.ts';

/** The others' TLS authorities are those of their peers, which the connection file names. */
export function witnessesOf(
  { consortium, own, file }: Hospital,
  { tls, directory }: HospitalLayout,
): WitnessFile {
  const others = consortium.organisations.filter(({ mspId }) => mspId !== own.mspId);
  return {
    listen: { host: file.listen ?? ALL_ADDRESSES, port: portsOf(own).witness },
    certificate: join(tls.link, 'server.crt'),
    key: join(tls.link, 'server.key'),
    neighbours: others.map((one) => ({
      ...{ mspId: one.mspId, address: `${one.host}:${portsOf(one).witness}` },
      revocationLists: keptListsFile(directory, one.mspId),
    })),
  };
}
