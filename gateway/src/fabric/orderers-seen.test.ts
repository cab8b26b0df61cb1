import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import {
  channelGroupIn,
  type OrdererAnswer,
  type Ordering,
  orderersSeen,
  orderingIn,
  orderingOf,
} from './orderers-seen.ts';

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    mspId: `O${at + 1}`,
    address: 'o.example:7050',
    tlsRootCertificates: [],
  }));
const raft = (count: number): Ordering => orderingOf('raft', count, endpoints(count))!;
const bft = (count: number): Ordering => orderingOf('bft', count, endpoints(count))!;
const problemOf = (ordering: Ordering, ...answers: OrdererAnswer[]) =>
  orderersSeen(ordering, answers).problem;

test('Raft needs a majority, BFT so many that two quorums share an honest orderer', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((count) => raft(count).needed),
    [1, 2, 2, 3, 3],
  );
  assert.deepEqual(
    [1, 3, 4, 5, 6, 7, 10].map((count) => bft(count).needed),
    [1, 2, 3, 4, 4, 5, 7],
  );
});

test('an organisation that writes many endpoints has no more asked than there can be orderers', () => {
  const many = Array.from({ length: 1000 }, (_, at) => ({
    ...{ mspId: 'O1', address: `10.0.0.1:${at + 1}`, tlsRootCertificates: [] },
  }));
  const asked = orderingOf('raft', 3, [...many, ...endpoints(3).slice(1)])!.endpoints;
  assert.deepEqual(
    asked.map(({ mspId }) => mspId),
    ['O1', 'O1', 'O1', 'O2', 'O3'],
  );
});

test('one Raft orderer with a leader proves a majority; without any, the answer names who is silent', () => {
  assert.equal(problemOf(raft(3), 'silent', 'serves', 'no leader'), undefined);
  assert.equal(problemOf(raft(3), 'silent', 'unknown', 'silent'), undefined, 'nothing shows it');
  assert.match(
    problemOf(raft(3), 'silent', 'no leader', 'silent') ?? '',
    /2 of 3 orderers must elect a leader, and O1's does not answer, O2's has no leader, O3's does not/,
  );
});

test('BFT orderers are counted, where enough of them are known', () => {
  assert.equal(problemOf(bft(4), 'serves', 'serves', 'silent', 'serves'), undefined);
  assert.equal(problemOf(bft(4), 'serves', 'serves', 'silent', 'unknown'), undefined);
  assert.match(
    problemOf(bft(4), 'serves', 'serves', 'silent', 'silent') ?? '',
    /3 of 4 .*O3's does not answer/,
  );
  assert.equal(problemOf(orderingOf('bft', 4, endpoints(2))!, 'silent', 'silent'), undefined);
  assert.deepEqual(orderersSeen(bft(4), ['serves', 'silent', 'unknown', 'serves']), {
    consenters: 4,
    needed: 3,
    serving: 2,
    problem: undefined,
  });
});

function configurationBlock(type: string, consenters: number): common.Block {
  const value = (message: { serializeBinary(): Uint8Array }) => {
    const one = new common.ConfigValue();
    one.setValue(message.serializeBinary());
    return one;
  };
  const ordering = new common.ConfigGroup();
  const consensus = new orderer.ConsensusType();
  consensus.setType(type);
  const metadata = new orderer.etcdraft.ConfigMetadata();
  metadata.setConsentersList(Array.from({ length: consenters }, () => new orderer.etcdraft.Consenter()));
  if (type === 'etcdraft') consensus.setMetadata(metadata.serializeBinary());
  const mapping = new common.Orderers();
  mapping.setConsenterMappingList(Array.from({ length: consenters }, () => new common.Consenter()));
  if (type === 'BFT') ordering.getValuesMap().set('Orderers', value(mapping));
  ordering.getValuesMap().set('ConsensusType', value(consensus));
  const organisation = new common.ConfigGroup();
  const addresses = new common.OrdererAddresses();
  addresses.setAddressesList(['a:7050', 'b:7050']);
  organisation.getValuesMap().set('Endpoints', value(addresses));
  const fabric = new msp.FabricMSPConfig();
  fabric.setTlsRootCertsList([Buffer.from('PEM')]);
  const config = new msp.MSPConfig();
  config.setConfig(fabric.serializeBinary());
  organisation.getValuesMap().set('MSP', value(config));
  ordering.getGroupsMap().set('OrdererMSP', organisation);
  const channel = new common.ConfigGroup();
  channel.getGroupsMap().set('Orderer', ordering);
  const whole = new common.Config();
  whole.setChannelGroup(channel);
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(whole);
  const payload = new common.Payload();
  payload.setData(envelope.serializeBinary());
  const signed = new common.Envelope();
  signed.setPayload(payload.serializeBinary());
  const data = new common.BlockData();
  data.setDataList([signed.serializeBinary()]);
  const block = new common.Block();
  block.setData(data);
  return block;
}

test('a configuration says who orders, where they are, and whose TLS certificates they have', () => {
  const known = [
    { mspId: 'OrdererMSP', address: 'a:7050', tlsRootCertificates: ['PEM'] },
    { mspId: 'OrdererMSP', address: 'b:7050', tlsRootCertificates: ['PEM'] },
  ];
  assert.deepEqual(
    orderingIn(channelGroupIn(configurationBlock('etcdraft', 3))),
    orderingOf('raft', 3, known),
  );
  assert.deepEqual(orderingIn(channelGroupIn(configurationBlock('BFT', 4))), orderingOf('bft', 4, known));
  assert.equal(orderingIn(channelGroupIn(configurationBlock('solo', 0))), undefined);
  assert.equal(orderingIn(channelGroupIn(new common.Block())), undefined);
});
