// The embedded runtime: one test-network process in place of Fabric and IPFS, and for each organisation a
// chaincode process, a gateway and a trainer, each with its own directory and secrets.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Consortium, Organisation } from './config.ts';
import { assignPorts } from './ports.ts';
import { accepts, answers } from './readiness.ts';
import type { Addresses, Plan } from './runtime.ts';
import { apiKeysFile, ensureSecrets, keysFile } from './secrets.ts';
import type { ServiceDefinition } from './service.ts';
import { writeWhole } from './state-file.ts';

const DEFAULT_BATCH_TIMEOUT_MS = 200;
const DEFAULT_TAKEOVER_MS = 20_000;
const READY_TIMEOUT_MS = 60_000;
/** Many small processes on one machine: a small young generation costs little time and saves much memory. */
const NODE = [process.execPath, '--max-semi-space-size=2'] as const;

/** The repository's root, whichever folder the tool is run from (this file runs as network/dist/src/x.js). */
export const repository = join(import.meta.dirname, '../../..');

interface Ports {
  readonly of: (name: string) => number;
}

/**
 * Chooses ports, makes secrets and the network's configuration, and says which processes to start.
 *
 * @throws PortInUseError; Error where a part was not built.
 */
export async function planEmbedded(consortium: Consortium, directory: string): Promise<Plan> {
  assertBuilt();
  const { organisations } = consortium;
  const assigned = await assignPorts(directory, [
    { name: 'ipfs', port: consortium.ipfs?.port },
    ...organisations.flatMap(({ name, gateway, trainer }) => [
      { name: `peer-${name}`, port: undefined },
      { name: `chaincode-${name}`, port: undefined },
      { name: `gateway-${name}`, port: gateway?.port },
      { name: `trainer-${name}`, port: trainer?.port },
    ]),
  ]);
  const ports: Ports = { of: (name) => assigned.get(name)! };
  const addresses = addressesOf(consortium, { directory, ports });
  const place = { consortium, directory, ports, addresses };
  return {
    addresses,
    stages: [
      { title: 'ledger and IPFS', services: [testNetwork(place)] },
      { title: 'chaincode', services: organisations.map((one) => chaincode(one, place)) },
      { title: 'trainers', services: organisations.map((one) => trainer(one, place)) },
      { title: 'gateways', services: organisations.map((one) => gateway(one, place)) },
    ],
  };
}

interface Place {
  readonly consortium: Consortium;
  readonly directory: string;
  readonly ports: Ports;
  readonly addresses: Addresses;
}

const program = (name: string): string => join(repository, name, 'dist/src/main.js');

function assertBuilt(): void {
  const needed = [program('test-network'), program('gateway'), program('trainer'), chaincodeMain()];
  const missing = needed.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')} → run \`make build\``);
}

const chaincodeMain = (): string => join(repository, 'chaincode/dist/src/index.js');

function addressesOf(
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

/** What every process gets of our own environment: never another process's secrets. */
function inherited(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_OPTIONS', 'CONSILIUM_LOG_LEVEL'];
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { MALLOC_ARENA_MAX: '2', ...Object.fromEntries(given) };
}

const networkDirectory = (directory: string): string => join(directory, 'ledger');

function testNetwork({ consortium, directory, ports, addresses }: Place): ServiceDefinition {
  const dir = networkDirectory(directory);
  const file = join(directory, 'test-network.json');
  const { chaincode, organisations, channel, orderer } = consortium;
  const definition = {
    name: chaincode.name,
    ...definitionOf(consortium, directory),
    addresses: Object.fromEntries(
      organisations.map(({ name, mspId }) => [mspId, `127.0.0.1:${ports.of(`chaincode-${name}`)}`]),
    ),
  };
  const configuration = {
    channel,
    organisations: organisations.map(({ name, mspId }) => ({
      name,
      mspId,
      peerPort: ports.of(`peer-${name}`),
    })),
    chaincodes: [definition],
    ipfs: { port: ports.of('ipfs') },
    batchTimeoutMs: orderer?.batchTimeoutMs ?? DEFAULT_BATCH_TIMEOUT_MS,
  };
  writeWhole(file, `${JSON.stringify(configuration, null, 2)}\n`);
  const lastPeer = ports.of(`peer-${organisations.at(-1)!.name}`);
  return {
    name: 'test-network',
    organisation: null,
    command: [...NODE, program('test-network'), 'start', '--dir', dir, '--config', file, '--json'],
    workingDirectory: repository,
    environment: inherited(),
    port: ports.of('ipfs'),
    url: addresses.ipfsUrl,
    log: join(directory, 'logs/test-network.log'),
    // The control file comes last, after every port is open and the chaincode is defined.
    isReady: async () =>
      existsSync(join(dir, 'connection.json')) && existsSync(join(dir, 'run.json')) && accepts(lastPeer),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

/** The definition's version and sequence: a changed policy is a new definition, one sequence further. */
function definitionOf({ chaincode }: Consortium, directory: string) {
  const file = join(directory, 'chaincode-definition.json');
  const { version } = JSON.parse(readFileSync(join(repository, 'chaincode/package.json'), 'utf8')) as {
    version: string;
  };
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string; policy: string; sequence: number })
    : undefined;
  const same = before?.version === version && before.policy === chaincode.policy;
  const sequence = before === undefined ? 1 : before.sequence + (same ? 0 : 1);
  const definition = { version, policy: chaincode.policy, sequence };
  writeWhole(file, `${JSON.stringify(definition, null, 2)}\n`);
  return definition;
}

function chaincode(
  { name, mspId }: Organisation,
  { consortium, directory, ports }: Place,
): ServiceDefinition {
  const port = ports.of(`chaincode-${name}`);
  const packageHash = createHash('sha256').update(readFileSync(chaincodeMain())).digest('hex');
  const cli = join(dirname(createRequire(import.meta.url).resolve('fabric-shim/package.json')), 'cli.js');
  return {
    name: `chaincode-${name}`,
    organisation: name,
    command: [
      ...NODE,
      cli,
      'server',
      '--chaincode-address',
      `127.0.0.1:${port}`,
      '--chaincode-id',
      `${consortium.chaincode.name}:${packageHash}`,
    ],
    workingDirectory: join(repository, 'chaincode'),
    environment: { ...inherited(), CORE_PEER_LOCALMSPID: mspId, CORE_CHAINCODE_LOGGING_LEVEL: 'WARN' },
    port,
    url: null,
    log: join(directory, `logs/chaincode-${name}.log`),
    isReady: () => accepts(port),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

function trainer({ name, mspId }: Organisation, place: Place): ServiceDefinition {
  const { consortium, directory, ports, addresses } = place;
  const secrets = ensureSecrets(directory, name);
  const own = addresses.organisations.find((one) => one.name === name)!;
  const dataDirectory = join(directory, name, 'trainer');
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  return {
    name: `trainer-${name}`,
    organisation: name,
    command: [...NODE, program('trainer'), 'serve'],
    workingDirectory: repository,
    environment: {
      ...inherited(),
      CONSILIUM_MSP_ID: mspId,
      CONSILIUM_GATEWAY_URL: own.gatewayUrl,
      CONSILIUM_GATEWAY_KEY: secrets.gateway.trainer,
      CONSILIUM_TRAINER_KEY: secrets.trainer,
      CONSILIUM_IPFS_URL: addresses.ipfsUrl,
      CONSILIUM_DATA_DIR: dataDirectory,
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

function gateway({ name, mspId }: Organisation, place: Place): ServiceDefinition {
  const { consortium, directory, ports, addresses } = place;
  const secrets = ensureSecrets(directory, name);
  const own = addresses.organisations.find((one) => one.name === name)!;
  const dataDirectory = join(directory, name, 'gateway');
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  return {
    name: `gateway-${name}`,
    organisation: name,
    command: [...NODE, program('gateway'), 'serve'],
    workingDirectory: repository,
    environment: {
      ...inherited(),
      CONSILIUM_MSP_ID: mspId,
      CONSILIUM_CONNECTION: join(networkDirectory(directory), `organisations/${mspId}.json`),
      CONSILIUM_API_KEYS: apiKeysFile(directory, name),
      CONSILIUM_CHAINCODE: consortium.chaincode.name,
      CONSILIUM_DATA_DIR: dataDirectory,
      CONSILIUM_PORT: String(ports.of(`gateway-${name}`)),
      CONSILIUM_TRAINER_URL: own.trainerUrl,
      CONSILIUM_TRAINER_KEY: secrets.trainer,
    },
    port: ports.of(`gateway-${name}`),
    url: own.gatewayUrl,
    log: join(directory, `logs/gateway-${name}.log`),
    // A question to the ledger: the gateway, its peer and its chaincode must all work to answer it.
    isReady: () => answers(`${own.gatewayUrl}/v1/members`, secrets.gateway.auditor),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
