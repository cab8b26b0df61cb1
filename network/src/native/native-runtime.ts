// The native runtime: real Fabric orderers and peers, and IPFS, found on this machine, with the same hospital
// processes as on every runtime.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Consortium } from '../config.ts';
import {
  addressesOf,
  chaincodeService,
  gatewayService,
  hospitalPorts,
  type Place,
  type Ports,
  trainerService,
} from '../hospital-services.ts';
import { assignPorts } from '../ports.ts';
import { assertBuilt, chaincodeVersion, folderOf, inherited, program } from '../programs.ts';
import type { Addresses, Plan, Stage } from '../runtime.ts';
import { writeWhole } from '../state-file.ts';
import { gatewayTlsIn } from '../witness-settings.ts';
import { findFabric, findKubo } from './binaries.ts';
import { ccaasPackage } from './chaincode-package.ts';
import { joinOrderers, joinPeers, makeGenesisBlock } from './channel.ts';
import { FabricCommands } from './fabric-commands.ts';
import { type FabricVersion, fabricVersion } from './fabric-version.ts';
import { ipfsService } from './ipfs-service.ts';
import { type FabricLayout, fabricPorts, HOST, layoutOf } from './layout.ts';
import { deploy } from './lifecycle.ts';
import { ordererService, peerService } from './node-services.ts';
import { agreeWithChannel, refuseOtherChannel } from './same-channel.ts';

export interface Chaincode {
  readonly name: string;
  readonly version: string;
  readonly policy: string;
  readonly workingDirectory: string;
  readonly server?: string;
  /** Another chaincode whose packages and processes serve this one too; its own where absent. */
  readonly servedBy?: string;
}

export interface FabricPlan {
  readonly version: FabricVersion;
  readonly layout: FabricLayout;
  readonly addresses: Addresses;
  readonly ports: Ports;
  /** IPFS, orderers, peers and chaincodes, deployed. */
  readonly stages: readonly Stage[];
}

/**
 * Real Fabric and IPFS, and every hospital's own processes.
 *
 * @throws MissingBinariesError, PortInUseError, FabricCommandError.
 */
export async function planNative(consortium: Consortium, directory: string): Promise<Plan> {
  assertBuilt();
  const version = chaincodeVersion();
  const { name, policy } = consortium.chaincode;
  const workingDirectory = folderOf('chaincode');
  const fabric = await planFabric(consortium, directory, [{ name, version, policy, workingDirectory }]);
  const { addresses, ports, layout } = fabric;
  const place: Place = {
    consortium,
    directory,
    ports,
    addresses,
    connectionFile: (mspId) => join(layout.directory, `organisations/${mspId}.json`),
    gatewayTls: (mspId) => gatewayTlsIn(join(layout.directory, 'organisations', mspId)),
  };
  const { organisations } = consortium;
  return {
    addresses,
    stages: [
      ...fabric.stages,
      { title: 'trainers', services: organisations.map((one) => trainerService(one, place)) },
      { title: 'gateways', services: organisations.map((one) => gatewayService(one, place)) },
    ],
  };
}

/** The network alone, with these chaincodes. */
export async function planFabric(
  consortium: Consortium,
  directory: string,
  chaincodes: readonly Chaincode[],
): Promise<FabricPlan> {
  const binaries = findFabric();
  const { organisations } = consortium;
  const served = chaincodes.filter(({ servedBy }) => servedBy === undefined);
  const processName = (chaincode: string, organisation: string) =>
    chaincode === consortium.chaincode.name
      ? `chaincode-${organisation}`
      : `chaincode-${chaincode}-${organisation}`;
  const assigned = await assignPorts(directory, [
    { name: 'ipfs', port: consortium.ipfs?.port },
    ...fabricPorts(consortium),
    ...hospitalPorts(consortium),
    ...served.flatMap(({ name }) =>
      organisations
        .map((one) => ({ name: processName(name, one.name), port: undefined }))
        .filter(() => name !== consortium.chaincode.name),
    ),
  ]);
  const ports: Ports = { of: (name) => assigned.get(name)! };
  const addresses = addressesOf(consortium, { directory, ports });
  const layout = layoutOf(consortium, { directory, ports });
  const commandsFor = (signal?: AbortSignal) => new FabricCommands(binaries, layout, signal);
  const commands = commandsFor();
  await refuseOtherChannel(commands, layout);
  await issueIdentities(layout, { directory, ipfsUrl: addresses.ipfsUrl });
  const version = await fabricVersion(commands, layout.ordering);
  await makeGenesisBlock(commands, layout, version.channelCapability);
  const ipfs = await ipfsService(findKubo(), { directory, port: ports.of('ipfs'), url: addresses.ipfsUrl });

  const packages = new Map(
    served.map(({ name, version }) => [
      name,
      new Map(
        organisations.map((one) => {
          const address = `127.0.0.1:${ports.of(processName(name, one.name))}`;
          return [one.mspId, ccaasPackage({ label: `${name}_${version}`, address })];
        }),
      ),
    ]),
  );
  const processes = served.flatMap(({ name, workingDirectory, server }) =>
    organisations.map((one) => {
      const service = processName(name, one.name);
      const chaincodeId = packages.get(name)!.get(one.mspId)!.id;
      return chaincodeService(one, directory, {
        name: service,
        chaincodeId,
        port: ports.of(service),
        workingDirectory,
        server,
      });
    }),
  );
  const deployAll = async (signal: AbortSignal, report: (line: string) => void) => {
    const place = { commands: commandsFor(signal), layout, report };
    for (const { name, version, policy, servedBy } of chaincodes) {
      await deploy(place, { name, version, policy, packages: packages.get(servedBy ?? name)! });
    }
  };
  return {
    version,
    layout,
    addresses,
    ports,
    stages: [
      {
        title: `${ipfs.name === 'ipfs-kubo' ? 'Kubo' : 'IPFS stand-in (no Kubo was found)'} and orderers`,
        services: [
          ipfs,
          ...layout.orderers.map((one) => ordererService(one, { directory, layout, binaries })),
        ],
        complete: (signal) => joinOrderers(commandsFor(signal), layout),
      },
      {
        title: 'peers',
        services: layout.peers.map((one) => peerService(one, { directory, layout, binaries, version })),
        complete: async (signal, report) => {
          await joinPeers(commandsFor(signal), layout);
          await agreeWithChannel(commandsFor(signal), layout, { version, report });
        },
      },
      { title: 'chaincode', services: processes, complete: deployAll },
    ],
  };
}

/** Each organisation's authority, nodes and clients, made once by test-network's own certificate authority. */
async function issueIdentities(
  layout: FabricLayout,
  { directory, ipfsUrl }: { readonly directory: string; readonly ipfsUrl: string },
): Promise<void> {
  const node = ({ mspId, name, port }: { mspId: string; name: string; port: number }) => ({
    mspId,
    name,
    endpoint: `${HOST}:${port}`,
  });
  const config = {
    channel: layout.channel,
    organisations: layout.peers.map(({ mspId, port, organisation }) =>
      node({ mspId, port, name: organisation.name }),
    ),
    orderers: layout.orderers.map(node),
    ipfsUrl,
  };
  const file = join(directory, 'identities.json');
  writeWhole(file, `${JSON.stringify(config, null, 2)}\n`);
  const command = [program('test-network'), 'identities', '--dir', layout.directory, '--config', file];
  await promisify(execFile)(process.execPath, command, { env: inherited() });
}
