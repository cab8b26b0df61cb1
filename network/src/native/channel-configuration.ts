// The channel's first configuration (configtx.yaml): who is in it, who orders, and whose signatures count.
import { join } from 'node:path';
import { bftOptions } from './bft-options.ts';
import type { FabricLayout, OrdererNode } from './layout.ts';

export const PROFILE = 'Consilium';

const signature = (rule: string) => ({ Type: 'Signature', Rule: rule });
const implicitMeta = (rule: string) => ({ Type: 'ImplicitMeta', Rule: rule });
const GROUP_POLICIES = {
  Readers: implicitMeta('ANY Readers'),
  Writers: implicitMeta('ANY Writers'),
  Admins: implicitMeta('MAJORITY Admins'),
};

const ordererOrganisation = ({ mspId, organisationDir, host, port }: OrdererNode) => ({
  Name: mspId,
  ID: mspId,
  MSPDir: join(organisationDir, 'msp'),
  Policies: {
    Readers: signature(`OR('${mspId}.member')`),
    Writers: signature(`OR('${mspId}.member')`),
    Admins: signature(`OR('${mspId}.admin')`),
  },
  OrdererEndpoints: [`${host}:${port}`],
});

const raft = ({ orderers }: FabricLayout) => ({
  OrdererType: 'etcdraft',
  EtcdRaft: {
    Consenters: orderers.map(({ host, port, tls }) => ({
      Host: host,
      Port: port,
      ClientTLSCert: tls.certificate,
      ServerTLSCert: tls.certificate,
    })),
    Options: {
      TickInterval: '500ms',
      ElectionTick: 10,
      HeartbeatTick: 1,
      MaxInflightBlocks: 5,
      SnapshotIntervalSize: '16 MB',
    },
  },
});

/** BFT orderers cut a block after their own interval; BatchTimeout counts for Raft. */
const bft = ({ orderers, batchTimeoutMs }: FabricLayout) => ({
  OrdererType: 'BFT',
  ConsenterMapping: orderers.map(({ id, host, port, mspId, signCertificate, tls }) => ({
    ID: id,
    Host: host,
    Port: port,
    MSPID: mspId,
    Identity: signCertificate,
    ClientTLSCert: tls.certificate,
    ServerTLSCert: tls.certificate,
  })),
  SmartBFT: bftOptions(`${batchTimeoutMs}ms`),
});

/** What configtxgen reads, as data. The channel's capability: V3_0, or V2_0 for Fabric 2.5. */
export function channelConfiguration(layout: FabricLayout, capability: 'V3_0' | 'V2_0') {
  const { ordering, orderers, peers, batchTimeoutMs, maxMessageCount } = layout;
  const majority = implicitMeta('MAJORITY Endorsement');
  return {
    Profiles: {
      [PROFILE]: {
        Policies: GROUP_POLICIES,
        Capabilities: { [capability]: true },
        Orderer: {
          ...(ordering === 'bft' ? bft(layout) : raft(layout)),
          Addresses: [],
          BatchTimeout: `${batchTimeoutMs}ms`,
          BatchSize: {
            MaxMessageCount: maxMessageCount,
            AbsoluteMaxBytes: '10 MB',
            PreferredMaxBytes: '2 MB',
          },
          Organizations: orderers.map(ordererOrganisation),
          Policies: { ...GROUP_POLICIES, BlockValidation: implicitMeta('ANY Writers') },
          Capabilities: { V2_0: true },
        },
        Application: {
          Organizations: peers.map(({ mspId, organisationDir, host, port }) => ({
            Name: mspId,
            ID: mspId,
            MSPDir: join(organisationDir, 'msp'),
            AnchorPeers: [{ Host: host, Port: port }],
            Policies: {
              Readers: signature(`OR('${mspId}.admin','${mspId}.peer','${mspId}.client')`),
              Writers: signature(`OR('${mspId}.admin','${mspId}.client')`),
              Admins: signature(`OR('${mspId}.admin')`),
              Endorsement: signature(`OR('${mspId}.peer')`),
            },
          })),
          Policies: { ...GROUP_POLICIES, LifecycleEndorsement: majority, Endorsement: majority },
          Capabilities: { V2_5: true },
        },
      },
    },
  };
}
