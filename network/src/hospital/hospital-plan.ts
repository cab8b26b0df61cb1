// What one organisation runs on its host, in stages: its IPFS node and the links to the others', its orderer, its
// peer, its chaincode, its trainer and its gateway. Each is ready when it does its own work; what needs other
// hospitals goes on afterwards, since they start when they start.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import {
  chaincodeService,
  gatewayService,
  type Place,
  type Ports,
  READY_TIMEOUT_MS,
  trainerService,
} from '../hospital-services.ts';
import type { FabricBinaries, HospitalProgram } from '../native/binaries.ts';
import { joinOrderers, joinPeers } from '../native/channel.ts';
import { FabricCommands } from '../native/fabric-commands.ts';
import { fabricVersion } from '../native/fabric-version.ts';
import { ordererService, peerService, peerServiceName } from '../native/node-services.ts';
import { assertBuilt, inherited, NODE, ownFolder } from '../programs.ts';
import { accepts } from '../readiness.ts';
import type { Addresses, Plan } from '../runtime.ts';
import { keysFile } from '../secrets.ts';
import type { ServiceDefinition } from '../service.ts';
import { writeWhole } from '../state-file.ts';
import { portsOf } from './agreed-consortium.ts';
import {
  agreeOnChaincode,
  approveForOthers,
  approveOnceForOthers,
  installChaincode,
} from './chaincode-agreement.ts';
import {
  type ChaincodeVersion,
  forgetFormerVersions,
  packageOf,
  versionsToRun,
} from './chaincode-versions.ts';
import { chaincodeSha256 } from './code-digest.ts';
import { type Definition, readDefinitions } from './definition.ts';
import { writeConnection } from './hospital-connection.ts';
import type { Hospital } from './hospital-file.ts';
import { gatewayAt, gatewayUrlOf, trustGateway } from './hospital-gateway.ts';
import { configureIpfs, type IpfsNode, ipfsNodeService } from './hospital-ipfs.ts';
import { ALL_ADDRESSES, type HospitalLayout, organisationDirOf, ownPeersOf } from './hospital-layout.ts';
import { witnessesOf } from './hospital-witnesses.ts';
import { definitionFile } from './mailbox.ts';
import { finishRenewals } from './put-certificate.ts';
import { swarmKeyFile } from './swarm-key.ts';
import type { LinkFile } from './swarm-link-program.ts';
import { keptListsFile } from './tls-lists.ts';
import { wantedCertificates } from './wanted-certificates.ts';

export interface HospitalPrograms {
  readonly fabric: Readonly<Record<HospitalProgram, string>>;
  readonly kubo: string;
}

/** The peer's builder, which adds the key to what a package says. */
const BUILDER = join(ownFolder, 'builders/own-key');

/** What to do about one of two peers that does not start. */
export const SPARE_PEER_REMEDY =
  'the other peer serves alone, and this one is tried again. Correct what its log says. Where its files are damaged, ' +
  'delete `data` in its folder: it fetches the blocks again';

/** @throws InputError where `hospital init` has still to make this organisation's identities */
export function assertInitialised({ orderer }: HospitalLayout): void {
  if (existsSync(orderer.signCertificate)) return;
  throw new InputError('this organisation has no identities yet: run `hospital init`');
}

/**
 * What is missing before this hospital can start: its own identities, the founding, the agreed code.
 *
 * @throws InputError naming it, with the command that makes it.
 */
export function assertFounded({ consortium }: Hospital, layout: HospitalLayout): void {
  assertInitialised(layout);
  const { secondPeer } = layout;
  if (secondPeer !== undefined && !existsSync(join(secondPeer.mspDir, 'signcerts/cert.pem'))) {
    throw new InputError(
      'consortium.yaml has a second peer of this organisation, which has no identity yet: run `hospital init`',
    );
  }
  if (!existsSync(layout.fabric.genesisBlock) || !existsSync(swarmKeyFile(layout.ipfsRepo))) {
    const command = consortium.genesis === undefined ? 'found' : 'join';
    throw new InputError(`there is no channel yet: run \`hospital ${command}\``);
  }
  const unknown = consortium.organisations.filter(
    ({ mspId }) => !existsSync(definitionFile(join(layout.directory, 'definitions'), mspId)),
  );
  if (unknown.length > 0) {
    const names = unknown.map(({ mspId }) => mspId).join(', ');
    throw new InputError(
      `consortium.yaml names ${names}, who are not known here yet: run \`hospital agree\``,
    );
  }
  const own = chaincodeSha256();
  if (own === consortium.chaincode.sha256) return;
  throw new InputError(
    `the chaincode built here has the digest ${own}, and consortium.yaml has ${consortium.chaincode.sha256}: ` +
      'build the agreed version, or agree on this one',
  );
}

/** @throws InputError, UnfitFabricError, and what keeps a file from being written. */
export async function planHospital(
  hospital: Hospital,
  layout: HospitalLayout,
  programs: HospitalPrograms,
): Promise<Plan> {
  assertBuilt();
  assertFounded(hospital, layout);
  const { consortium, own, inside, file } = hospital;
  const { directory, fabric, orderer } = layout;
  const ownPeers = ownPeersOf(layout);
  finishRenewals(wantedCertificates(hospital, layout));
  const definitions = readDefinitions(consortium, join(directory, 'definitions'));
  const binaries: FabricBinaries = { programs: programs.fabric, ccaasBuilder: BUILDER };
  const commands = new FabricCommands(binaries, fabric);
  const version = await fabricVersion(commands, fabric.ordering);
  const nodePlace = { directory, layout: fabric, binaries };
  const versions = versionsToRun(hospital, layout);
  const packages = versions.map((one) => packageOf(consortium.chaincode.name, one));
  const agreement = (signal: AbortSignal) => ({
    chaincode: consortium.chaincode,
    layout,
    commands: new FabricCommands(binaries, fabric, signal),
    package: packages.at(-1)!,
    former: versions.slice(0, -1).map(({ version }) => version),
  });
  const ipfs: IpfsNode = { kubo: programs.kubo, repo: layout.ipfsRepo };
  const neighbours = neighboursOf(hospital, definitions);
  configureIpfs(ipfs, { api: inside.ipfs, swarm: inside.ipfsSwarm, neighbours });
  writeConnection(hospital, layout);
  const place = placeOf(hospital, layout);
  const organisation = { name: own.name, mspId: own.mspId, title: own.title };
  const trainer = { ...organisation, trainer: { dataFolders: file.dataFolders ?? [] } };
  const servicesOf = ({ folder: release }: ChaincodeVersion) => ({
    trainer: trustGateway(hospital, trainerService(trainer, { ...place, release })),
    gateway: gatewayAt(hospital, gatewayService(organisation, { ...place, release })),
  });
  // A trainer may send what only newer chaincode knows: it and its gateway are of the release that the channel runs.
  const first = servicesOf(versions[0]!);
  const former = `chaincode-former-${own.name}`;
  return {
    addresses: place.addresses,
    stages: [
      {
        title: 'IPFS and its links',
        services: [
          ipfsNodeService(ipfs, { directory, organisation: own.name, api: inside.ipfs }),
          linkService(hospital, layout, neighbours),
        ],
      },
      {
        title: 'orderer',
        services: [ordererService(orderer, nodePlace)],
        complete: (signal) => joinOrderers(agreement(signal).commands, { ...fabric, orderers: [orderer] }),
      },
      {
        title: ownPeers.length === 1 ? 'peer' : 'two peers',
        services: ownPeers.map((peer) =>
          peerService(peer, {
            ...nodePlace,
            version,
            builderEnvironment: { CONSILIUM_CHAINCODE_TLS: layout.tls.chaincodeClient },
          }),
        ),
        ...(ownPeers.length > 1 && { oneIsEnough: { remedy: SPARE_PEER_REMEDY } }),
        complete: async (signal, _, running) => {
          const one = agreement(signal);
          const peers = ownPeers.filter((peer) => running.includes(peerServiceName(peer)));
          await joinPeers(one.commands, { ...fabric, peers });
          await installChaincode(one, peers);
        },
      },
      {
        title: 'chaincode',
        services: versions.map((one, at) =>
          chaincodeService(organisation, directory, {
            name: at === versions.length - 1 ? `chaincode-${own.name}` : former,
            chaincodeId: packages[at]!.id,
            port: one.port,
            workingDirectory: one.folder,
            tls: {
              certificate: join(layout.tls.chaincode, 'server.crt'),
              key: join(layout.tls.chaincode, 'server.key'),
              clientRoot: join(layout.tls.chaincode, 'ca.crt'),
            },
          }),
        ),
      },
      { title: 'trainer', services: [first.trainer] },
      // Whether the others endorse is not this hospital's doing: `/readyz` says that, and `hospital status` shows it.
      {
        title: 'gateway',
        services: [first.gateway],
      },
    ],
    afterwards: async ({ signal, report, change }) => {
      await agreeOnChaincode(agreement(signal), { signal, report });
      forgetFormerVersions(layout);
      // Nobody here owns the processes: whoever asked says what follows, and ends.
      if (change === undefined) return approveOnceForOthers(agreement(signal), { signal, report });
      if (versions.length > 1) {
        const { trainer, gateway } = servicesOf(versions.at(-1)!);
        await change({ replaces: [gateway, trainer], ends: [former] }).catch((error: Error) => {
          signal.throwIfAborted();
          report(`this release runs not alone yet: ${error.message}; \`hospital upgrade\` starts it`);
        });
      }
      await approveForOthers(agreement(signal), { signal, report });
    },
  };
}

interface LinkedNeighbour {
  readonly mspId: string;
  readonly host: string;
  readonly port: number;
  readonly localPort: number;
  readonly ipfsPeerId: string;
}

function neighboursOf(
  { consortium, own, inside }: Hospital,
  definitions: readonly Definition[],
): LinkedNeighbour[] {
  return consortium.organisations
    .map((one, at) => ({
      mspId: one.mspId,
      host: one.host,
      port: portsOf(one).ipfs,
      localPort: inside.links + at,
      ipfsPeerId: definitions[at]!.ipfsPeerId,
    }))
    .filter(({ mspId }) => mspId !== own.mspId);
}

function linkService(
  { own, file, inside }: Hospital,
  layout: HospitalLayout,
  neighbours: readonly LinkedNeighbour[],
): ServiceDefinition {
  const { directory, tls } = layout;
  const host = file.listen ?? ALL_ADDRESSES;
  const port = portsOf(own).ipfs;
  const configuration: LinkFile = {
    listen: { host, port },
    swarmPort: inside.ipfsSwarm,
    certificateFile: join(tls.link, 'server.crt'),
    keyFile: join(tls.link, 'server.key'),
    neighbours: neighbours.map(({ ipfsPeerId: _, ...one }) => ({
      ...one,
      rootFile: join(organisationDirOf(directory, one.mspId), 'msp/tlscacerts/tlsca.pem'),
      listsFile: keptListsFile(directory, one.mspId),
    })),
  };
  const path = join(directory, 'links.json');
  writeWhole(path, `${JSON.stringify(configuration, null, 2)}\n`, 0o600);
  return {
    name: `links-${own.name}`,
    organisation: own.name,
    command: [...NODE, join(import.meta.dirname, 'swarm-link-program.js'), path],
    workingDirectory: directory,
    environment: inherited(),
    port,
    url: null,
    log: join(directory, `logs/links-${own.name}.log`),
    isReady: () => accepts(port, host),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

function placeOf(hospital: Hospital, layout: HospitalLayout): Place {
  const { consortium, own, inside, file } = hospital;
  const { directory, connection, fabric } = layout;
  const named: Readonly<Record<string, number>> = {
    [`gateway-${own.name}`]: inside.gateway,
    [`trainer-${own.name}`]: inside.trainer,
  };
  const ports: Ports = { of: (name) => named[name]! };
  const gatewayUrl = gatewayUrlOf(hospital);
  const addresses: Addresses = {
    name: consortium.name,
    channel: consortium.channel,
    ipfsUrl: `http://127.0.0.1:${inside.ipfs}`,
    organisations: [
      {
        name: own.name,
        mspId: own.mspId,
        title: own.title,
        gatewayUrl,
        documentationUrl: `${gatewayUrl}/documentation`,
        trainerUrl: `http://127.0.0.1:${inside.trainer}`,
        keysFile: keysFile(directory, own.name),
      },
    ],
  };
  return {
    consortium: { chaincode: consortium.chaincode, ...(file.trainer && { trainer: file.trainer }) },
    directory,
    ports,
    addresses,
    connectionFile: () => connection,
    witnesses: witnessesOf(hospital, layout),
    genesisSha256: genesisDigest(readFileSync(fabric.genesisBlock)),
  };
}
