// How the gateways of one machine exchange what they saw of the ledger: each with all others.
import { join } from 'node:path';
import type { Addresses, OrganisationAddresses } from './runtime.ts';
import { writeWhole } from './state-file.ts';

/** Files in PEM. */
export interface GatewayTls {
  readonly certificate: string;
  readonly key: string;
}

interface WitnessPlace {
  readonly directory: string;
  readonly ports: { readonly of: (name: string) => number };
  readonly addresses: Addresses;
  readonly gatewayTls?: (mspId: string) => GatewayTls;
}

/** The name in the certificates of gateways; each listens on this machine alone. */
const HOST = 'localhost';

/** Where the pair is in an organisation's folder. */
export const gatewayTlsIn = (organisationFolder: string): GatewayTls => ({
  certificate: join(organisationFolder, 'nodes/gateway0/tls/server.crt'),
  key: join(organisationFolder, 'nodes/gateway0/tls/server.key'),
});

/** Writes the file of an organisation's neighbours. @returns the variable of its gateway that names it */
export function witnessEnvironment(
  { name, mspId }: OrganisationAddresses,
  { directory, ports, addresses, gatewayTls }: WitnessPlace,
): Record<string, string> {
  const others = addresses.organisations.filter((one) => one.mspId !== mspId);
  if (gatewayTls === undefined || others.length === 0) return {};
  const portOf = (of: string) => ports.of(`witness-${of}`);
  const settings = {
    listen: { host: HOST, port: portOf(name) },
    ...gatewayTls(mspId),
    neighbours: others.map((other) => ({ mspId: other.mspId, address: `${HOST}:${portOf(other.name)}` })),
  };
  const file = join(directory, name, 'witnesses.json');
  writeWhole(file, `${JSON.stringify(settings, null, 2)}\n`);
  return { CONSILIUM_WITNESSES: file };
}
