// What the native runtime writes for Fabric's programs, judged by what it must say and not by its text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Consortium } from '../config.ts';
import { channelConfiguration, PROFILE } from './channel-configuration.ts';
import { fabricPorts, layoutOf } from './layout.ts';
import { ordererConfiguration, peerConfiguration } from './node-configuration.ts';

const consortium = (orderer: NonNullable<Consortium['orderer']>): Consortium => ({
  name: 'clinics',
  channel: 'wards',
  runtime: 'native',
  organisations: ['north', 'south', 'west'].map((name) => ({ name, mspId: `${name}MSP`, title: name })),
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
  orderer,
});

function layoutFor(orderer: NonNullable<Consortium['orderer']> = {}) {
  const one = consortium(orderer);
  const ports = new Map(fabricPorts(one).map(({ name }, at) => [name, 20_000 + at]));
  return { layout: layoutOf(one, { directory: '/place', ports: { of: (name) => ports.get(name)! } }), ports };
}

test('Raft has one orderer unless three are asked for, BFT has four', () => {
  assert.equal(layoutFor().layout.orderers.length, 1);
  assert.equal(layoutFor({ ordering: 'raft', nodes: 3 }).layout.orderers.length, 3);
  assert.equal(layoutFor({ ordering: 'bft' }).layout.orderers.length, 4);
});

test('with Raft, every orderer is a consenter with its own certificate and organisation', () => {
  const { layout } = layoutFor({ ordering: 'raft', nodes: 3, batchTimeoutMs: 150 });
  const { Orderer, Capabilities } = channelConfiguration(layout, 'V3_0').Profiles[PROFILE]!;
  assert.ok('EtcdRaft' in Orderer && !('SmartBFT' in Orderer));
  assert.equal(Orderer.OrdererType, 'etcdraft');
  assert.equal(Orderer.BatchTimeout, '150ms');
  const consenters = Orderer.EtcdRaft.Consenters;
  assert.deepEqual(
    consenters.map(({ Port }) => Port),
    layout.orderers.map(({ port }) => port),
  );
  assert.equal(new Set(consenters.map(({ ServerTLSCert }) => ServerTLSCert)).size, 3);
  assert.equal(new Set(Orderer.Organizations.map(({ ID }) => ID)).size, 3);
  assert.deepEqual(Capabilities, { V3_0: true });
});

test('a block holds one transaction, unless the consortium says otherwise', () => {
  const most = (orderer: NonNullable<Consortium['orderer']>) => {
    const { Orderer } = channelConfiguration(layoutFor(orderer).layout, 'V3_0').Profiles[PROFILE]!;
    return Orderer.BatchSize.MaxMessageCount;
  };
  assert.equal(most({}), 1);
  assert.equal(most({ ordering: 'bft' }), 1);
  assert.equal(most({ maxMessageCount: 500 }), 500);
});

test('with BFT, every orderer is mapped to its identity, and the batch interval is the configured one', () => {
  const { layout } = layoutFor({ ordering: 'bft', batchTimeoutMs: 150 });
  const { Orderer } = channelConfiguration(layout, 'V3_0').Profiles[PROFILE]!;
  assert.ok('SmartBFT' in Orderer && !('EtcdRaft' in Orderer));
  assert.equal(Orderer.OrdererType, 'BFT');
  assert.equal(Orderer.SmartBFT.RequestBatchMaxInterval, '150ms');
  const mapping = Orderer.ConsenterMapping;
  assert.deepEqual(
    mapping.map(({ ID }) => ID),
    [1, 2, 3, 4],
  );
  assert.equal(new Set(mapping.map(({ Identity }) => Identity)).size, 4);
  assert.equal(new Set(mapping.map(({ MSPID }) => MSPID)).size, 4);
});

test('only peers endorse, a majority of organisations at that, and each has its anchor peer', () => {
  const { layout } = layoutFor();
  const { Application } = channelConfiguration(layout, 'V3_0').Profiles[PROFILE]!;
  assert.deepEqual(Application.Policies.Endorsement, { Type: 'ImplicitMeta', Rule: 'MAJORITY Endorsement' });
  assert.deepEqual(Application.Policies.LifecycleEndorsement, Application.Policies.Endorsement);
  for (const { ID, Policies, AnchorPeers } of Application.Organizations) {
    assert.equal(Policies.Endorsement.Rule, `OR('${ID}.peer')`);
    assert.ok(!Policies.Writers.Rule.includes('.peer'));
    assert.equal(AnchorPeers.length, 1);
  }
});

test('no two processes of a network share a port or a folder', () => {
  const { layout, ports } = layoutFor({ ordering: 'bft' });
  const options = { ccaasBuilder: '/builder', networkId: 'wards', checksTimeWindow: true };
  const text = JSON.stringify([
    layout.orderers.map((one) => ordererConfiguration(one, layout)),
    layout.peers.map((one) => peerConfiguration(one, options)),
  ]);
  for (const [name, port] of ports) assert.ok(text.includes(String(port)), name);
  const homes = [...layout.orderers, ...layout.peers].map(({ home }) => home);
  assert.equal(new Set(homes).size, homes.length);
});

test('orderers have no system channel, TLS everywhere, and ask administrators for a certificate', () => {
  const { layout } = layoutFor({ ordering: 'bft' });
  for (const orderer of layout.orderers) {
    const { General, Admin, ChannelParticipation } = ordererConfiguration(orderer, layout);
    assert.equal(General.BootstrapMethod, 'none');
    assert.ok(General.TLS.Enabled && Admin.TLS.Enabled && Admin.TLS.ClientAuthRequired);
    assert.equal(General.Cluster.RootCAs.length, 4);
    assert.ok(ChannelParticipation.Enabled);
  }
});

test('peers stay away from Docker, listen on loopback, and wait a second at most for private data', () => {
  const { layout } = layoutFor();
  for (const node of layout.peers) {
    const { peer, vm, chaincode } = peerConfiguration(node, {
      checksTimeWindow: true,
      ccaasBuilder: '/builder',
      networkId: 'wards',
    });
    assert.equal(vm.endpoint, '');
    assert.deepEqual(
      chaincode.externalBuilders.map(({ path }) => path),
      ['/builder'],
    );
    assert.equal(peer.gossip.pvtData.pullRetryThreshold, '1s');
    assert.equal(peer.gossip.externalEndpoint, peer.address);
    assert.ok(peer.tls.enabled && peer.gateway.enabled);
    for (const address of [peer.listenAddress, peer.chaincodeListenAddress]) {
      assert.match(address, /^127\.0\.0\.1:/);
    }
    assert.equal(peer.localMspId, node.organisation.mspId);
    assert.equal(peer.keepalive.minInterval, '5s', 'other peers ask every ten seconds');
  }
});
