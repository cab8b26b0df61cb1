// What each real orderer and peer reads at its start: orderer.yaml and core.yaml. They hold what differs from the
// programs' own defaults, and what has none.
import { join } from 'node:path';
import { type FabricLayout, HOST, type OrdererNode, type PeerNode } from './layout.ts';

const LOOPBACK = '127.0.0.1';
const BCCSP = { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } };

export function ordererConfiguration(orderer: OrdererNode, { orderers }: FabricLayout) {
  const { home, tls } = orderer;
  const roots = orderers.map((one) => one.tls.root);
  const server = { Enabled: true, PrivateKey: tls.key, Certificate: tls.certificate };
  return {
    General: {
      ListenAddress: orderer.listenHost,
      ListenPort: orderer.port,
      TLS: { ...server, RootCAs: [tls.root], ClientAuthRequired: false, ClientRootCAs: roots },
      Cluster: { ClientCertificate: tls.certificate, ClientPrivateKey: tls.key, RootCAs: roots },
      Keepalive: { ServerMinInterval: '5s', ServerInterval: '7200s', ServerTimeout: '20s' },
      // There is no system channel: the channel's first block is given to each orderer's admin endpoint.
      BootstrapMethod: 'none',
      LocalMSPDir: orderer.mspDir,
      LocalMSPID: orderer.mspId,
      BCCSP,
    },
    FileLedger: { Location: join(home, 'ledger') },
    Consensus: { WALDir: join(home, 'wal'), SnapDir: join(home, 'snapshots') },
    Operations: { ListenAddress: `${LOOPBACK}:${orderer.operationsPort}`, TLS: { Enabled: false } },
    Metrics: { Provider: 'prometheus' },
    Admin: {
      ListenAddress: `${LOOPBACK}:${orderer.adminPort}`,
      TLS: { ...server, ClientAuthRequired: true, ClientRootCAs: [tls.root] },
    },
    ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
  };
}

interface PeerOptions {
  readonly ccaasBuilder: string;
  readonly networkId: string;
  /** Whether this Fabric has the filter of that name. */
  readonly checksTimeWindow: boolean;
  /** Variables that the builder of chaincode gets of the peer's. */
  readonly propagateEnvironment?: readonly string[];
}

export function peerConfiguration(
  peer: PeerNode,
  { ccaasBuilder, networkId, checksTimeWindow, propagateEnvironment = [] }: PeerOptions,
) {
  const { home, tls, host, port } = peer;
  const endpoint = `${host}:${port}`;
  return {
    peer: {
      id: `${peer.isSecond ? 'peer1' : 'peer0'}.${peer.organisation.name}`,
      networkId,
      listenAddress: `${peer.listenHost}:${port}`,
      address: endpoint,
      chaincodeListenAddress: `${LOOPBACK}:${peer.chaincodePort}`,
      chaincodeAddress: `${HOST}:${peer.chaincodePort}`,
      fileSystemPath: join(home, 'data'),
      localMspId: peer.mspId,
      mspConfigPath: peer.mspDir,
      BCCSP,
      tls: {
        enabled: true,
        cert: { file: tls.certificate },
        key: { file: tls.key },
        rootcert: { file: tls.root },
      },
      // The gateway of a peer asks others every ten seconds whether they are there, and nothing sets that: servers that
      // take it once a minute hang up.
      keepalive: {
        interval: '7200s',
        timeout: '20s',
        minInterval: '5s',
        client: { interval: '60s', timeout: '20s' },
        deliveryClient: { interval: '60s', timeout: '20s' },
      },
      gateway: { enabled: true, endorsementTimeout: '30s', broadcastTimeout: '30s', dialTimeout: '2m' },
      authentication: { timewindow: '15m' },
      gossip: {
        bootstrap: peer.other ?? endpoint,
        endpoint,
        externalEndpoint: endpoint,
        useLeaderElection: false,
        orgLeader: true,
        // Peers of one machine find each other within seconds of a start, not half a minute.
        aliveTimeInterval: '1s',
        aliveExpirationTimeout: '10s',
        reconnectInterval: '2s',
        publishStateInfoInterval: '1s',
        requestStateInfoInterval: '1s',
        pullInterval: '1s',
        publishCertPeriod: '1s',
        // How long a commit waits for private data that does not come.
        pvtData: {
          pullRetryThreshold: '1s',
          transientstoreMaxBlockRetention: 20_000,
          pushAckTimeout: '3s',
          btlPullMargin: 10,
          reconcileBatchSize: 10,
          reconcileSleepInterval: '1m',
          reconciliationEnabled: true,
          implicitCollectionDisseminationPolicy: { requiredPeerCount: 0, maxPeerCount: 1 },
        },
        state: { enabled: false },
      },
      handlers: {
        authFilters: ['DefaultAuth', 'ExpirationCheck', ...(checksTimeWindow ? ['TimeWindowCheck'] : [])].map(
          (name) => ({ name }),
        ),
        decorators: [{ name: 'DefaultDecorator' }],
        endorsers: { escc: { name: 'DefaultEndorsement' } },
        validators: { vscc: { name: 'DefaultValidation' } },
      },
      discovery: {
        enabled: true,
        authCacheEnabled: true,
        authCacheMaxSize: 1000,
        authCachePurgeRetentionRatio: 0.75,
        orgMembersAllowedAccess: false,
      },
      limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
      maxRecvMsgSize: 104_857_600,
      maxSendMsgSize: 104_857_600,
    },
    // No Docker: chaincode runs as a service, in processes of its own.
    vm: { endpoint: '' },
    chaincode: {
      externalBuilders: [{ name: 'ccaas', path: ccaasBuilder, propagateEnvironment }],
      installTimeout: '60s',
      startuptimeout: '60s',
      executetimeout: '30s',
      mode: 'net',
      keepalive: 0,
      system: { _lifecycle: 'enable', cscc: 'enable', lscc: 'enable', qscc: 'enable' },
      logging: { level: 'warning', shim: 'warning' },
    },
    ledger: {
      state: { stateDatabase: 'goleveldb', totalQueryLimit: 100_000 },
      history: { enableHistoryDatabase: true },
      pvtdataStore: {
        collElgProcMaxDbBatchSize: 5000,
        collElgProcDbBatchesInterval: 1000,
        deprioritizedDataReconcilerInterval: '60m',
        purgeInterval: 100,
        purgedKeyAuditLogging: true,
      },
      snapshots: { rootDir: join(home, 'snapshots') },
    },
    operations: { listenAddress: `${LOOPBACK}:${peer.operationsPort}`, tls: { enabled: false } },
    metrics: { provider: 'prometheus' },
  };
}
