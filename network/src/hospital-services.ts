// What each hospital runs of its own, on every runtime: a chaincode process, a trainer and a gateway, with its
// own directory and secrets.
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Consortium, Organisation } from './config.ts';
import { chaincodeServer, folderOf, inherited, NODE, program } from './programs.ts';
import { accepts, answers } from './readiness.ts';
import type { Addresses } from './runtime.ts';
import { apiKeysFile, ensureSecrets, keysFile } from './secrets.ts';
import type { ServiceDefinition } from './service.ts';
import { type GatewayTls, type WitnessFile, witnessEnvironment } from './witness-settings.ts';

const DEFAULT_TAKEOVER_MS = 20_000;
/** Of a machine that is busy with much else; a process that ends instead is seen at once. */
export const READY_TIMEOUT_MS = 180_000;

export interface Ports {
  readonly of: (name: string) => number;
}

export interface Place {
  readonly consortium: Pick<Consortium, 'trainer'> & { readonly chaincode: { readonly name: string } };
  readonly directory: string;
  readonly ports: Ports;
  readonly addresses: Addresses;
  /** The connection file of one organisation, for its gateway. */
  readonly connectionFile: (mspId: string) => string;
  /** With which gateways speak to each other, of one organisation; they do not where absent. */
  readonly gatewayTls?: (mspId: string) => GatewayTls;
  /** The same of a gateway whose neighbours are on other hosts. */
  readonly witnesses?: WitnessFile;
  /** The agreed digest of block 0; the gateway trusts the first that it sees where absent. */
  readonly genesisSha256?: string;
  /** A folder of the release whose trainer and gateway are started; this one's where absent. */
  readonly release?: string;
}

/** The ports that every runtime needs for the hospitals' own processes. */
export const hospitalPorts = ({ organisations }: Consortium) =>
  organisations.flatMap(({ name, gateway, trainer }) => [
    { name: `chaincode-${name}`, port: undefined },
    { name: `gateway-${name}`, port: gateway?.port },
    { name: `witness-${name}`, port: undefined },
    { name: `trainer-${name}`, port: trainer?.port },
  ]);

export function addressesOf(
  { name, channel, organisations }: Consortium,
  { directory, ports }: { readonly directory: string; readonly ports: Ports },
): Addresses {
  return {
    name,
    channel,
    ipfsUrl: `http://127.0.0.1:${ports.of('ipfs')}`,
    organisations: organisations.map(({ name, mspId, title }) => {
      const gatewayUrl = `http://127.0.0.1:${ports.of(`gateway-${name}`)}`;
      return {
        name,
        mspId,
        title,
        gatewayUrl,
        documentationUrl: `${gatewayUrl}/documentation`,
        trainerUrl: `http://127.0.0.1:${ports.of(`trainer-${name}`)}`,
        keysFile: keysFile(directory, name),
      };
    }),
  };
}

export interface ChaincodeProcess {
  /** Of the service, such as `chaincode-aldermoor`. */
  readonly name: string;
  /** As the peer knows the installed package. */
  readonly chaincodeId: string;
  readonly port: number;
  /** The chaincode's package folder. */
  readonly workingDirectory: string;
  /** PEM files: with them the peer and the chaincode prove themselves to each other. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientRoot: string };
  /** What serves it there, taking the same flags; Fabric's own server of Node chaincode where absent. */
  readonly server?: string | undefined;
}

export function chaincodeService(
  { name: organisation, mspId }: Organisation,
  directory: string,
  { name, chaincodeId, port, workingDirectory, server, tls }: ChaincodeProcess,
): ServiceDefinition {
  const address = `127.0.0.1:${port}`;
  const serving = server === undefined ? [chaincodeServer(workingDirectory), 'server'] : [server];
  return {
    name,
    organisation,
    command: [
      ...NODE,
      ...serving,
      ...['--chaincode-address', address, '--chaincode-id', chaincodeId],
      ...(tls === undefined ? [] : tlsFlags(tls)),
    ],
    workingDirectory,
    environment: { ...inherited(), CORE_PEER_LOCALMSPID: mspId, CORE_CHAINCODE_LOGGING_LEVEL: 'WARNING' },
    port,
    url: null,
    log: join(directory, `logs/${name}.log`),
    isReady: () => accepts(port),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

const tlsFlags = ({ certificate, key, clientRoot }: NonNullable<ChaincodeProcess['tls']>) => [
  ...['--chaincode-tls-cert-file', certificate, '--chaincode-tls-key-file', key],
  ...['--chaincode-tls-client-cacert-file', clientRoot],
];

export function trainerService({ name, mspId, trainer }: Organisation, place: Place): ServiceDefinition {
  const { consortium, directory, ports, addresses, release } = place;
  const secrets = ensureSecrets(directory, name);
  const own = addresses.organisations.find((one) => one.name === name)!;
  const dataDirectory = join(directory, name, 'trainer');
  const dataFolder = join(directory, name, 'data');
  for (const folder of [dataDirectory, dataFolder]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    name: `trainer-${name}`,
    organisation: name,
    command: [...NODE, program('trainer', release), 'serve'],
    workingDirectory: folderOf('trainer', release),
    environment: {
      ...inherited(),
      CONSILIUM_MSP_ID: mspId,
      CONSILIUM_GATEWAY_URL: own.gatewayUrl,
      CONSILIUM_GATEWAY_KEY: secrets.gateway.trainer,
      CONSILIUM_TRAINER_KEY: secrets.trainer,
      CONSILIUM_IPFS_URL: addresses.ipfsUrl,
      CONSILIUM_DATA_DIR: dataDirectory,
      CONSILIUM_DATA_FOLDERS: [dataFolder, ...(trainer?.dataFolders ?? [])].join(delimiter),
      CONSILIUM_PORT: String(ports.of(`trainer-${name}`)),
      CONSILIUM_TAKEOVER_MS: String(consortium.trainer?.takeoverMs ?? DEFAULT_TAKEOVER_MS),
    },
    port: ports.of(`trainer-${name}`),
    url: own.trainerUrl,
    log: join(directory, `logs/trainer-${name}.log`),
    isReady: () => answers(`${own.trainerUrl}/healthz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

export function gatewayService({ name, mspId }: Organisation, place: Place): ServiceDefinition {
  const { consortium, directory, ports, addresses, connectionFile, genesisSha256, release } = place;
  const secrets = ensureSecrets(directory, name);
  const own = addresses.organisations.find((one) => one.name === name)!;
  const dataDirectory = join(directory, name, 'gateway');
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  return {
    name: `gateway-${name}`,
    organisation: name,
    command: [...NODE, program('gateway', release), 'serve'],
    workingDirectory: folderOf('gateway', release),
    environment: {
      ...inherited(),
      CONSILIUM_MSP_ID: mspId,
      CONSILIUM_CONNECTION: connectionFile(mspId),
      CONSILIUM_API_KEYS: apiKeysFile(directory, name),
      CONSILIUM_CHAINCODE: consortium.chaincode.name,
      CONSILIUM_DATA_DIR: dataDirectory,
      CONSILIUM_PORT: String(ports.of(`gateway-${name}`)),
      CONSILIUM_TRAINER_URL: own.trainerUrl,
      CONSILIUM_TRAINER_KEY: secrets.trainer,
      ...(genesisSha256 !== undefined && { CONSILIUM_GENESIS_SHA256: genesisSha256 }),
      ...witnessEnvironment(own, place),
    },
    port: ports.of(`gateway-${name}`),
    url: own.gatewayUrl,
    log: join(directory, `logs/gateway-${name}.log`),
    // It asks for an endorsement by several organisations: peers, chaincode and discovery must all work.
    isReady: () => answers(`${own.gatewayUrl}/readyz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
