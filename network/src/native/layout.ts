// Where everything of a native network is: folders below DIR/fabric, names, MSP ids and ports.
import { join } from 'node:path';
import type { Consortium, Organisation } from '../config.ts';
import type { Ports } from '../hospital-services.ts';

/** Peers and orderers are dialled by name: their certificates are for it, and TLS to addresses is frowned upon. */
export const HOST = 'localhost';
const LOOPBACK = '127.0.0.1';

export type Ordering = 'raft' | 'bft';

/** An orderer of an organisation of its own, so that no one of them can speak for another. */
export interface OrdererNode {
  /** From 1. */
  readonly id: number;
  readonly name: string;
  readonly mspId: string;
  /** The name by which others reach it. */
  readonly host: string;
  /** The address at which it listens to them. */
  readonly listenHost: string;
  readonly port: number;
  readonly adminPort: number;
  readonly operationsPort: number;
  readonly organisationDir: string;
  readonly mspDir: string;
  readonly signCertificate: string;
  readonly tls: TlsFiles;
  /** Holds orderer.yaml and the orderer's data. */
  readonly home: string;
}

export interface PeerNode {
  readonly organisation: Organisation;
  readonly mspId: string;
  /** The name by which others reach it. */
  readonly host: string;
  /** The address at which it listens to them. */
  readonly listenHost: string;
  readonly port: number;
  readonly chaincodePort: number;
  readonly operationsPort: number;
  readonly organisationDir: string;
  readonly mspDir: string;
  readonly adminMspDir: string;
  readonly tls: TlsFiles;
  /** Holds core.yaml and the peer's data. */
  readonly home: string;
  /** Whether it is its organisation's second one. */
  readonly isSecond?: true;
  /** host:port of the organisation's other peer, where it has two. */
  readonly other?: string;
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly root: string;
}

export interface FabricLayout {
  readonly directory: string;
  readonly channel: string;
  readonly ordering: Ordering;
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
  readonly orderers: readonly OrdererNode[];
  readonly peers: readonly PeerNode[];
  readonly genesisBlock: string;
  readonly connection: string;
}

const DEFAULT_BATCH_TIMEOUT_MS = 200;
/** One transaction per block cannot keep peers from validating another: docs/concepts/threat-model.md says why. */
const DEFAULT_MAX_MESSAGE_COUNT = 1;

export function orderingOf({ orderer }: Consortium): { readonly ordering: Ordering; readonly nodes: number } {
  const ordering = orderer?.ordering ?? 'raft';
  return { ordering, nodes: orderer?.nodes ?? (ordering === 'bft' ? 4 : 1) };
}

/** The ports that a native network needs beyond the hospitals' own processes. */
export function fabricPorts(consortium: Consortium): { readonly name: string; readonly port: undefined }[] {
  const free = (name: string) => ({ name, port: undefined });
  const ids = Array.from({ length: orderingOf(consortium).nodes }, (_, at) => at + 1);
  return [
    ...ids.flatMap((id) => [`orderer-${id}`, `orderer-admin-${id}`, `orderer-operations-${id}`].map(free)),
    ...consortium.organisations.flatMap(({ name }) =>
      [`peer-${name}`, `peer-chaincode-${name}`, `peer-operations-${name}`].map(free),
    ),
  ];
}

/** Of a node, below its folder. */
export const tlsFiles = (nodeDir: string): TlsFiles => ({
  certificate: join(nodeDir, 'tls/server.crt'),
  key: join(nodeDir, 'tls/server.key'),
  root: join(nodeDir, 'tls/ca.crt'),
});

export function layoutOf(
  consortium: Consortium,
  { directory: parent, ports }: { readonly directory: string; readonly ports: Ports },
): FabricLayout {
  const directory = join(parent, 'fabric');
  const { ordering, nodes } = orderingOf(consortium);
  const organisationDirOf = (mspId: string) => join(directory, 'organisations', mspId);
  const orderers = Array.from({ length: nodes }, (_, at): OrdererNode => {
    const id = at + 1;
    const mspId = `Orderer${id}MSP`;
    const organisationDir = organisationDirOf(mspId);
    const nodeDir = join(organisationDir, 'nodes/orderer0');
    return {
      id,
      name: `orderer${id}`,
      mspId,
      host: HOST,
      listenHost: LOOPBACK,
      port: ports.of(`orderer-${id}`),
      adminPort: ports.of(`orderer-admin-${id}`),
      operationsPort: ports.of(`orderer-operations-${id}`),
      organisationDir,
      mspDir: join(nodeDir, 'msp'),
      signCertificate: join(nodeDir, 'msp/signcerts/cert.pem'),
      tls: tlsFiles(nodeDir),
      home: join(directory, 'orderers', String(id)),
    };
  });
  const peers = consortium.organisations.map((organisation): PeerNode => {
    const { name, mspId } = organisation;
    const organisationDir = organisationDirOf(mspId);
    const nodeDir = join(organisationDir, 'nodes/peer0');
    return {
      organisation,
      mspId,
      host: HOST,
      listenHost: LOOPBACK,
      port: ports.of(`peer-${name}`),
      chaincodePort: ports.of(`peer-chaincode-${name}`),
      operationsPort: ports.of(`peer-operations-${name}`),
      organisationDir,
      mspDir: join(nodeDir, 'msp'),
      adminMspDir: join(organisationDir, 'users/admin/msp'),
      tls: tlsFiles(nodeDir),
      home: join(directory, 'peers', name),
    };
  });
  return {
    directory,
    channel: consortium.channel,
    ordering,
    batchTimeoutMs: consortium.orderer?.batchTimeoutMs ?? DEFAULT_BATCH_TIMEOUT_MS,
    maxMessageCount: consortium.orderer?.maxMessageCount ?? DEFAULT_MAX_MESSAGE_COUNT,
    orderers,
    peers,
    genesisBlock: join(directory, 'channel/genesis.block'),
    connection: join(directory, 'connection.json'),
  };
}
