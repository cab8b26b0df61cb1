// The embedded runtime: one test-network process in place of Fabric and IPFS, and each hospital's own processes.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Consortium, Organisation } from './config.ts';
import {
  addressesOf,
  chaincodeService,
  gatewayService,
  hospitalPorts,
  type Place,
  type Ports,
  READY_TIMEOUT_MS,
  trainerService,
} from './hospital-services.ts';
import { assignPorts } from './ports.ts';
import {
  assertBuilt,
  chaincodeMain,
  chaincodeVersion,
  folderOf,
  inherited,
  NODE,
  program,
} from './programs.ts';
import { accepts } from './readiness.ts';
import type { Plan } from './runtime.ts';
import type { ServiceDefinition } from './service.ts';
import { writeWhole } from './state-file.ts';
import { gatewayTlsIn } from './witness-settings.ts';

const DEFAULT_BATCH_TIMEOUT_MS = 200;

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
    ...organisations.map(({ name }) => ({ name: `peer-${name}`, port: undefined })),
    ...hospitalPorts(consortium),
  ]);
  const ports: Ports = { of: (name) => assigned.get(name)! };
  const addresses = addressesOf(consortium, { directory, ports });
  const place: EmbeddedPlace = {
    consortium,
    directory,
    ports,
    addresses,
    connectionFile: (mspId) => join(networkDirectory(directory), `organisations/${mspId}.json`),
    gatewayTls: (mspId) => gatewayTlsIn(join(networkDirectory(directory), 'organisations', mspId)),
  };
  return {
    addresses,
    stages: [
      // None of these waits for another to be there, and the ledger alone would leave the other processors idle.
      {
        title: 'ledger, IPFS, chaincode and trainers',
        services: [
          testNetwork(place),
          ...organisations.map((one) => chaincode(one, place)),
          ...organisations.map((one) => trainerService(one, place)),
        ],
      },
      { title: 'gateways', services: organisations.map((one) => gatewayService(one, place)) },
    ],
  };
}

type EmbeddedPlace = Place & { readonly consortium: Consortium };

const networkDirectory = (directory: string): string => join(directory, 'ledger');

function testNetwork({ consortium, directory, ports, addresses }: EmbeddedPlace): ServiceDefinition {
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
    workingDirectory: folderOf('test-network'),
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
  const version = chaincodeVersion();
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string; policy: string; sequence: number })
    : undefined;
  const same = before?.version === version && before.policy === chaincode.policy;
  const sequence = before === undefined ? 1 : before.sequence + (same ? 0 : 1);
  const definition = { version, policy: chaincode.policy, sequence };
  writeWhole(file, `${JSON.stringify(definition, null, 2)}\n`);
  return definition;
}

function chaincode(organisation: Organisation, { consortium, directory, ports }: Place): ServiceDefinition {
  const packageHash = createHash('sha256').update(readFileSync(chaincodeMain())).digest('hex');
  const name = `chaincode-${organisation.name}`;
  return chaincodeService(organisation, directory, {
    name,
    chaincodeId: `${consortium.chaincode.name}:${packageHash}`,
    port: ports.of(name),
    workingDirectory: folderOf('chaincode'),
  });
}
