// Where everything of one organisation is on its host: its own nodes with their keys, and of each other organisation
// only the public half, at the same places.
import { join } from 'node:path';
import type { FabricLayout, OrdererNode, PeerNode } from '../native/layout.ts';
import { tlsFiles } from '../native/layout.ts';
import { type AgreedConsortium, type AgreedOrganisation, portsOf } from './agreed-consortium.ts';
import type { Hospital } from './hospital-file.ts';

export const ALL_ADDRESSES = '0.0.0.0';
const DEFAULT_BATCH_TIMEOUT_MS = 200;

/** What a file that is silent on it means. */
export const defaultCutting = ({ batchTimeoutMs, maxMessageCount }: AgreedConsortium['ordering']) => ({
  batchTimeoutMs: batchTimeoutMs ?? DEFAULT_BATCH_TIMEOUT_MS,
  maxMessageCount: maxMessageCount ?? 1,
});

export interface HospitalLayout {
  readonly directory: string;
  readonly fabric: FabricLayout;
  readonly orderer: OrdererNode;
  readonly peer: PeerNode;
  /** Undefined where this organisation has one peer. */
  readonly secondPeer: PeerNode | undefined;
  /** Of every organisation that has one. `fabric.peers` has the first of each. */
  readonly secondPeers: readonly PeerNode[];
  /** Homes of the two authorities. */
  readonly authorities: { readonly identity: string; readonly tls: string };
  /** Folders with `server.crt`, `server.key` and `ca.crt` each. */
  readonly tls: { readonly chaincode: string; readonly chaincodeClient: string; readonly link: string };
  readonly ipfsRepo: string;
  readonly exchangeKey: string;
  readonly connection: string;
}

export const organisationDirOf = (directory: string, mspId: string): string =>
  join(directory, 'fabric/organisations', mspId);

export const ordererDirOf = (organisationDir: string): string => join(organisationDir, 'nodes/orderer0');
export const peerDirOf = (organisationDir: string): string => join(organisationDir, 'nodes/peer0');
export const secondPeerDirOf = (organisationDir: string): string => join(organisationDir, 'nodes/peer1');

/** The own peers: the first, and the second where there is one. */
export const ownPeersOf = ({ peer, secondPeer }: Pick<HospitalLayout, 'peer' | 'secondPeer'>): PeerNode[] =>
  secondPeer === undefined ? [peer] : [peer, secondPeer];

export function hospitalLayout({ consortium, file, own, inside }: Hospital): HospitalLayout {
  const directory = file.folder;
  const fabricDirectory = join(directory, 'fabric');
  const listenHost = file.listen ?? ALL_ADDRESSES;
  const orderers = consortium.organisations.map((one, at): OrdererNode => {
    const { name, mspId, host } = one;
    const organisationDir = organisationDirOf(directory, mspId);
    const nodeDir = ordererDirOf(organisationDir);
    return {
      id: at + 1,
      name,
      mspId,
      host,
      listenHost,
      port: portsOf(one).orderer,
      adminPort: inside.ordererAdmin,
      operationsPort: inside.ordererOperations,
      organisationDir,
      mspDir: join(nodeDir, 'msp'),
      signCertificate: join(nodeDir, 'msp/signcerts/cert.pem'),
      tls: tlsFiles(nodeDir),
      home: join(fabricDirectory, 'orderer'),
    };
  });
  const peers = consortium.organisations.map((one): PeerNode => {
    const { name, mspId, title, host } = one;
    const { peer: port, peer1 } = portsOf(one);
    const organisationDir = organisationDirOf(directory, mspId);
    const nodeDir = peerDirOf(organisationDir);
    return {
      organisation: { name, mspId, title },
      mspId,
      host,
      listenHost,
      port,
      chaincodePort: inside.peerChaincode,
      operationsPort: inside.peerOperations,
      organisationDir,
      mspDir: join(nodeDir, 'msp'),
      adminMspDir: join(organisationDir, 'users/admin/msp'),
      tls: tlsFiles(nodeDir),
      home: join(fabricDirectory, 'peer'),
      ...(peer1 !== undefined && { other: `${host}:${peer1}` }),
    };
  });
  const secondPeers = consortium.organisations.flatMap((one, at): PeerNode[] => {
    const { peer1 } = portsOf(one);
    const first = peers[at]!;
    if (peer1 === undefined) return [];
    const nodeDir = secondPeerDirOf(first.organisationDir);
    return [
      {
        ...first,
        port: peer1,
        chaincodePort: inside.peer1Chaincode,
        operationsPort: inside.peer1Operations,
        mspDir: join(nodeDir, 'msp'),
        // Of a neighbour nothing is kept below its second peer: the authority is the organisation's.
        tls: { ...tlsFiles(nodeDir), root: first.tls.root },
        home: join(fabricDirectory, 'peer1'),
        isSecond: true,
        other: `${first.host}:${first.port}`,
      },
    ];
  });
  const isOwn = ({ mspId }: Pick<AgreedOrganisation, 'mspId'>) => mspId === own.mspId;
  const nodes = join(organisationDirOf(directory, own.mspId), 'nodes');
  return {
    directory,
    fabric: {
      directory: fabricDirectory,
      channel: consortium.channel,
      ordering: consortium.ordering.kind,
      ...defaultCutting(consortium.ordering),
      orderers,
      peers,
      genesisBlock: join(fabricDirectory, 'channel/genesis.block'),
      connection: join(directory, 'connection.json'),
    },
    orderer: orderers.find(isOwn)!,
    peer: peers.find(isOwn)!,
    secondPeer: secondPeers.find(isOwn),
    secondPeers,
    authorities: { identity: join(directory, 'ca/identity'), tls: join(directory, 'ca/tls') },
    tls: {
      chaincode: join(nodes, 'chaincode/tls'),
      chaincodeClient: join(nodes, 'chaincode-client/tls'),
      link: join(nodes, 'link/tls'),
    },
    ipfsRepo: join(directory, 'ipfs'),
    exchangeKey: join(directory, 'exchange.key'),
    connection: join(directory, 'connection.json'),
  };
}
