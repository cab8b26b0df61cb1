// How gateways exchange what they saw of the ledger: each with all others, on this machine or on other hosts.
import { join } from 'node:path';
import type { Addresses, OrganisationAddresses } from './runtime.ts';
import { writeWhole } from './state-file.ts';

/** Files in PEM. */
export interface GatewayTls {
  readonly certificate: string;
  readonly key: string;
}

/** What a gateway's file of witnesses holds. */
export interface WitnessFile extends GatewayTls {
  readonly listen: { readonly host: string; readonly port: number };
  readonly neighbours: readonly {
    readonly mspId: string;
    readonly address: string;
    /** What this hospital has of its lists. */
    readonly revocationLists?: string;
  }[];
}

interface WitnessPlace {
  readonly directory: string;
  /** Of a gateway whose neighbours are on other hosts. */
  readonly witnesses?: WitnessFile;
  readonly ports: { readonly of: (name: string) => number };
  readonly addresses: Addresses;
  readonly gatewayTls?: (mspId: string) => GatewayTls;
}

/** The name in the certificates of gateways of one machine; each listens on it alone. */
const HOST = 'localhost';

/** Where the pair is in an organisation's folder. */
export const gatewayTlsIn = (organisationFolder: string): GatewayTls => ({
  certificate: join(organisationFolder, 'nodes/gateway0/tls/server.crt'),
  key: join(organisationFolder, 'nodes/gateway0/tls/server.key'),
});

/** Writes the file of an organisation's neighbours. @returns the variable of its gateway that names it */
export function witnessEnvironment(own: OrganisationAddresses, place: WitnessPlace): Record<string, string> {
  const settings = place.witnesses ?? witnessesHere(own, place);
  if (settings === undefined || settings.neighbours.length === 0) return {};
  const file = join(place.directory, own.name, 'witnesses.json');
  writeWhole(file, `${JSON.stringify(settings, null, 2)}\n`);
  return { CONSILIUM_WITNESSES: file };
}

function witnessesHere(
  { name, mspId }: OrganisationAddresses,
  { ports, addresses, gatewayTls }: WitnessPlace,
): WitnessFile | undefined {
  if (gatewayTls === undefined) return undefined;
  const portOf = (of: string) => ports.of(`witness-${of}`);
  const others = addresses.organisations.filter((one) => one.mspId !== mspId);
  return {
    listen: { host: HOST, port: portOf(name) },
    ...gatewayTls(mspId),
    neighbours: others.map((other) => ({ mspId: other.mspId, address: `${HOST}:${portOf(other.name)}` })),
  };
}
