/**
 * The whole network in one process: identities, one peer per organisation, one orderer, one ledger.
 * Everything durable is under `dir`; opening the same directory again goes on with the same identities, ports
 * and state.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChaincodeConfig, type NetworkConfig, ORDERER_MSP_ID } from './config.ts';
import { commitDefinition, type DeploymentContext, sequenceFor } from './deployment.ts';
import { type EndorsingPeer, endorsingPeer } from './gateway/endorsing-peer.ts';
import { GatewayService } from './gateway/gateway-service.ts';
import {
  type ConnectionFile,
  connectionOrganisation,
  ownConnection,
  writeJsonFile,
} from './identities/connection-file.ts';
import {
  type OrganisationIdentities,
  openOrganisationIdentities,
} from './identities/organisation-identities.ts';
import { type RunningIpfs, startIpfs } from './ipfs/index.ts';
import { createBlock } from './ledger/block.ts';
import { definedChaincodes, readDefinition } from './ledger/chaincode-definition.ts';
import { Committer } from './ledger/committer.ts';
import { genesisEnvelope } from './ledger/genesis.ts';
import { LedgerStore } from './ledger/ledger-store.ts';
import { Membership } from './msp/identity.ts';
import { createSigningIdentity } from './msp/signing-identity.ts';
import { InFlight } from './orderer/in-flight.ts';
import { Orderer } from './orderer/orderer.ts';
import { startOrdererServer } from './orderer/orderer-server.ts';
import { ChaincodeRegistry } from './peer/chaincode-registry.ts';
import { Endorser } from './peer/endorser.ts';
import { type RunningServer, startPeerServer } from './peer/peer-server.ts';
import { findPorts, type Ports, wantedPorts } from './ports.ts';

const HOST = '127.0.0.1';
const TLS_HOSTS = ['localhost', '127.0.0.1', '::1'];
/** Fabric's usual batch sizes. */
const ABSOLUTE_MAX_BYTES = 10 * 1024 * 1024;
const PREFERRED_MAX_BYTES = 2 * 1024 * 1024;
const ORDERER_NAME = 'orderer';
const GENESIS_FILE = 'genesis.block';

export interface NetworkOptions {
  readonly dir: string;
  readonly config: NetworkConfig;
  /** The first of a run of ports: the orderer's, the peers', IPFS. Free ones otherwise. */
  readonly portBase?: number;
}

export interface ChaincodeStatus {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly peers: readonly {
    readonly mspId: string;
    readonly address: string;
    readonly connected: boolean;
    /** The id under which its server has to register, where one is known. */
    readonly packageId?: string;
    /** Why the server that listens there is not served. */
    readonly refused?: string;
  }[];
}

export interface NetworkStatus {
  readonly channel: string;
  readonly height: number;
  readonly organisations: readonly { readonly mspId: string; readonly endpoint: string }[];
  readonly chaincodes: readonly ChaincodeStatus[];
}

interface PeerParts {
  readonly identities: OrganisationIdentities;
  readonly name: string;
  readonly registry: ChaincodeRegistry;
  readonly endorser: Endorser;
}

export class Network {
  readonly connection: ConnectionFile;
  readonly connectionPath: string;
  readonly #parts: NetworkParts;

  private constructor(parts: NetworkParts) {
    this.#parts = parts;
    this.connection = parts.connection;
    this.connectionPath = join(parts.dir, 'connection.json');
  }

  /** @throws Error when the directory belongs to a differently shaped network or a port is taken. */
  static async start(options: NetworkOptions): Promise<Network> {
    const network = new Network(await assemble(options));
    for (const chaincode of options.config.chaincodes) await network.#deployConfigured(chaincode);
    return network;
  }

  /** Defines (or upgrades) a chaincode and tells the peers where it listens. */
  async deploy(chaincode: ChaincodeConfig): Promise<{ readonly block: number | undefined }> {
    const { deployment } = this.#parts;
    const block = await commitDefinition(chaincode, deployment);
    this.#install(chaincode);
    return { block };
  }

  /** The sequence a deployment without one gets: the present one when nothing changes, otherwise the next. */
  sequenceFor(chaincode: ChaincodeConfig): number {
    return sequenceFor(chaincode, this.#parts.deployment);
  }

  /** A definition that was upgraded since the file was written stays; the addresses are the file's. */
  async #deployConfigured(chaincode: ChaincodeConfig): Promise<void> {
    const { store, deployment } = this.#parts;
    const current = readDefinition(store.latest, chaincode.name, deployment.mspIds);
    if (current && current.sequence > chaincode.sequence) this.#install(chaincode);
    else await this.deploy(chaincode);
  }

  #install(chaincode: ChaincodeConfig): void {
    const { store, peers } = this.#parts;
    for (const [mspId, { registry }] of peers) {
      const address = chaincode.addresses[mspId] ?? chaincode.addresses['*'];
      if (!address) continue;
      const { name, tlsRootCertificate: tlsRootPem, packageIds = {} } = chaincode;
      const packageId = registry.install({
        name,
        address,
        tlsRootPem,
        packageId: packageIds[mspId] ?? packageIds['*'],
      });
      store.install({ name, mspId, address, tlsRootPem, packageId });
    }
  }

  status(): NetworkStatus {
    const { config, store, peers, connection } = this.#parts;
    const mspIds = [...peers.keys()];
    return {
      channel: config.channel,
      height: store.latest.height(),
      organisations: connection.organisations.map(({ mspId, endpoint }) => ({ mspId, endpoint })),
      chaincodes: definedChaincodes(store.latest).map((name) => {
        const definition = readDefinition(store.latest, name, mspIds)!;
        const installed = [...peers].flatMap(([mspId, { registry }]) =>
          registry
            .status()
            .filter((one) => one.name === name)
            .map(({ name: _, ...one }) => ({ mspId, ...one })),
        );
        const { version, sequence } = definition;
        return { name, version, sequence, peers: installed };
      }),
    };
  }

  /** Commits what was accepted and lets go of every port and file. */
  async close(): Promise<void> {
    const { servers, peers, orderer, store, ipfs } = this.#parts;
    for (const server of servers) server.close();
    for (const { registry } of peers.values()) registry.close();
    orderer.stop();
    store.close();
    await ipfs.close();
  }
}

interface NetworkParts {
  readonly dir: string;
  readonly config: NetworkConfig;
  readonly connection: ConnectionFile;
  readonly store: LedgerStore;
  readonly orderer: Orderer;
  readonly peers: ReadonlyMap<string, PeerParts>;
  readonly servers: readonly RunningServer[];
  readonly ipfs: RunningIpfs;
  readonly deployment: DeploymentContext;
}

async function assemble(options: NetworkOptions): Promise<NetworkParts> {
  const { dir, config } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { channel } = config;
  const mspIds = config.organisations.map((organisation) => organisation.mspId);
  checkShape(dir, { channel, mspIds });
  const identities = await openIdentities(dir, config);
  const ordererIdentities = identities.get(ORDERER_MSP_ID)!;
  const membership = new Membership(
    [...identities.values()].map(({ mspId, ca }) => ({ mspId, caCertificatePem: ca.certificatePem })),
  );
  const store = new LedgerStore(join(dir, 'ledger.sqlite'));
  const committer = new Committer(store, { channel, membership, mspIds });
  const ordererIdentity = createSigningIdentity({ mspId: ORDERER_MSP_ID, ...ordererIdentities.node });
  const sizes = { absoluteMaxBytes: ABSOLUTE_MAX_BYTES, preferredMaxBytes: PREFERRED_MAX_BYTES };
  const { batchTimeoutMs, maxMessageCount } = config;
  const inFlight = new InFlight();
  const orderer = new Orderer({
    channel,
    membership,
    identity: ordererIdentity,
    committer,
    inFlight,
    batchTimeoutMs,
    maxMessageCount,
    ...sizes,
  });
  const delivery = { channel, membership, store, committer };
  const remembered = readNetworkFile(dir)?.ports;
  const wanted = wantedPorts({ config, portBase: options.portBase, remembered });
  const servers: RunningServer[] = [];
  const peers = new Map<string, PeerParts>();
  let ipfs: RunningIpfs | undefined;
  try {
    ipfs = await startIpfs({ dir: join(dir, 'ipfs'), port: wanted.ipfs, host: HOST });
    const startOrderer = (port: number) =>
      startOrdererServer({ host: HOST, port, tls: ordererIdentities.nodeTls, orderer, delivery });
    // Only the connection file names the orderer's port: one that was merely remembered may change.
    const ordererServer = await startOrderer(wanted.orderer).catch((error: unknown) => {
      if (options.portBase !== undefined) throw error;
      return startOrderer(0);
    });
    servers.push(ordererServer);
    const ordererEndpoint = `localhost:${ordererServer.port}`;
    if (committer.height === 0) {
      const { envelope, txId } = genesisEnvelope({
        channel,
        organisations: mspIds.map((mspId) => trustOf(identities.get(mspId)!)),
        orderer: {
          ...trustOf(ordererIdentities),
          certificatePem: ordererIdentities.node.certificatePem,
          endpoint: ordererEndpoint,
        },
        batchTimeoutMs,
        maxMessageCount,
        ...sizes,
      });
      const nothing = new Uint8Array();
      const genesis = createBlock({
        number: 0,
        previousHash: nothing,
        envelopes: [envelope],
        orderer: undefined,
        nonce: nothing,
      });
      committer.commitGenesis(genesis, txId);
    }
    // What everybody starts to trust from, as configtxgen leaves it.
    writeFileSync(join(dir, GENESIS_FILE), store.block(0)!.serializeBinary());
    // Ports first: endorsers and gateways name them in their error details.
    const reserved = await findPorts(
      HOST,
      mspIds.map((mspId) => wanted.peers[mspId] ?? 0),
    );
    for (const [at, { mspId, name }] of config.organisations.entries()) {
      const registry = new ChaincodeRegistry((chaincode, packageId) =>
        store.keepPackageId({ name: chaincode, mspId, packageId }),
      );
      const endorser = new Endorser({
        channel,
        identity: createSigningIdentity({ mspId, ...identities.get(mspId)!.node }),
        membership,
        mspIds,
        store,
        chaincodes: registry,
        address: `localhost:${reserved[at]!}`,
      });
      peers.set(mspId, { identities: identities.get(mspId)!, name, registry, endorser });
    }
    for (const [at, mspId] of mspIds.entries()) {
      const endorsing: EndorsingPeer[] = [...peers.values()].map((one) =>
        endorsingPeer(one.endorser, one.endorser.mspId === mspId),
      );
      const local = endorsing.find((one) => one.mspId === mspId)!;
      const gateway = new GatewayService({
        channel,
        store,
        membership,
        mspIds,
        peers: endorsing,
        local,
        orderer,
        committer,
        inFlight,
      });
      const parts = peers.get(mspId)!;
      servers.push(
        await startPeerServer({
          host: HOST,
          port: reserved[at]!,
          tls: parts.identities.nodeTls,
          gateway,
          endorser: parts.endorser,
          delivery,
        }),
      );
    }
    for (const { mspId, ...target } of store.installed()) peers.get(mspId)?.registry.install(target);
    const connection: ConnectionFile = {
      channel,
      organisations: [...peers.values()].map(({ identities: own, name, endorser }) =>
        connectionOrganisation(own, { name, endpoint: endorser.address }),
      ),
      orderer: {
        mspId: ORDERER_MSP_ID,
        endpoint: ordererEndpoint,
        tlsRootCertificate: ordererIdentities.tlsCa.certificatePem,
        caCertificate: ordererIdentities.ca.certificatePem,
      },
      ipfs: { url: ipfs.url },
    };
    writeConnectionFiles(dir, connection);
    const ports: Ports = {
      orderer: ordererServer.port,
      ipfs: Number(new URL(ipfs.url).port),
      peers: Object.fromEntries(mspIds.map((mspId, at) => [mspId, reserved[at]!])),
    };
    writeJsonFile(join(dir, 'network.json'), { channel, mspIds, ports });
    const admin = peers.get(mspIds[0]!)!.identities.clients.admin!;
    const deployment: DeploymentContext = {
      channel,
      mspIds,
      store,
      committer,
      orderer,
      admin: createSigningIdentity({ mspId: mspIds[0]!, ...admin }),
      peers: [...peers.values()].map(({ endorser }) => endorser.identity),
    };
    return { dir, config, connection, store, orderer, peers, servers, ipfs, deployment };
  } catch (error) {
    for (const server of servers) server.close();
    for (const { registry } of peers.values()) registry.close();
    store.close();
    await ipfs?.close();
    throw error;
  }
}

async function openIdentities(
  dir: string,
  config: NetworkConfig,
): Promise<Map<string, OrganisationIdentities>> {
  const base = join(dir, 'organisations');
  const organisations = [
    ...config.organisations.map((one) => ({ ...one, nodeKind: 'peer' as const })),
    { mspId: ORDERER_MSP_ID, name: ORDERER_NAME, nodeKind: 'orderer' as const, ...config.orderer },
  ];
  const opened = new Map<string, OrganisationIdentities>();
  for (const { mspId, name, nodeKind, hostAliases = [] } of organisations) {
    const options = { dir: join(base, mspId), mspId, name, nodeKind, hosts: [...TLS_HOSTS, ...hostAliases] };
    opened.set(mspId, await openOrganisationIdentities(options));
  }
  return opened;
}

function trustOf({ mspId, ca, tlsCa }: OrganisationIdentities) {
  return { mspId, caCertificatePem: ca.certificatePem, tlsCaCertificatePem: tlsCa.certificatePem };
}

/** A ledger's channel and organisations are fixed by its first block. */
function checkShape(
  dir: string,
  wanted: { readonly channel: string; readonly mspIds: readonly string[] },
): void {
  const known = readNetworkFile(dir);
  if (!known) return;
  const same = known.channel === wanted.channel && known.mspIds.join() === wanted.mspIds.join();
  if (same) return;
  throw new Error(
    `${dir} holds channel ${known.channel} of ${known.mspIds.join(', ')}, not channel ${wanted.channel} of ` +
      `${wanted.mspIds.join(', ')}; use another directory or the same configuration`,
  );
}

function readNetworkFile(dir: string): { channel: string; mspIds: string[]; ports: Ports } | undefined {
  const path = join(dir, 'network.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function writeConnectionFiles(dir: string, connection: ConnectionFile): void {
  writeJsonFile(join(dir, 'connection.json'), connection);
  for (const organisation of connection.organisations) {
    const path = join(dir, 'organisations', `${organisation.mspId}.json`);
    writeJsonFile(path, ownConnection(connection, organisation));
  }
}
