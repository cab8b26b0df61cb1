// A channel's first block, made of its founders' own definitions and of the few things that they agree on. The same
// definitions make the same bytes at every place, so that all can consent to one digest.

import { genesisDigest } from '@consilium/verify';
import type { ConfigGroup } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { bftOptions } from '../native/bft-options.ts';
import type { Ceremony } from './ceremony-file.ts';
import { groupMessage } from './compute-update.ts';
import { anyRole, implicitPolicy, newGroup, newValue } from './configuration-tree.ts';
import { sha256 } from './digests.ts';
import { bftOrderers, blockPolicy, entryOf, raftOrderer } from './orderer-set.ts';
import type { OrganisationDefinition } from './organisation-definition.ts';
import { plainName } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';

const { common, orderer, peer } = fabricProtos;

/** What founders agree on beside their definitions. */
export interface FoundingPlan {
  readonly channel: string;
  readonly ordering: 'raft' | 'bft';
  readonly batchTimeoutMs: number;
  /** Transactions in a block at most. */
  readonly maxMessageCount: number;
  /** Of the block; from the plan, to the second, so that all make the same one. */
  readonly foundedAt: Date;
}

const MIB = 1024 * 1024;
const GROUP_POLICIES = [
  ['Readers', implicitPolicy('ANY', 'Readers')],
  ['Writers', implicitPolicy('ANY', 'Writers')],
  ['Admins', implicitPolicy('MAJORITY', 'Admins')],
] as const;

/** A duration as Go writes it: '200ms', '1.5s'. Up to a minute. */
export const durationOf = (ms: number): string => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`);

function capabilities(...names: readonly string[]) {
  const made = new common.Capabilities();
  for (const name of names) made.getCapabilitiesMap().set(name, new common.Capability());
  return newValue(made);
}

/** A definition's group among those who order. */
export function ordererGroup({ mspId, msp, orderers }: OrganisationDefinition): ConfigGroup {
  const endpoints = new common.OrdererAddresses();
  endpoints.setAddressesList(orderers.map(({ host, port }) => `${host}:${port}`));
  return newGroup({
    values: [
      ['MSP', { ...newValue(endpoints), value: msp }],
      ['Endpoints', newValue(endpoints)],
    ],
    policies: [
      ['Readers', anyRole(mspId, ['member'])],
      ['Writers', anyRole(mspId, ['member'])],
      ['Admins', anyRole(mspId, ['admin'])],
    ],
  });
}

/** A definition's group among those who endorse. */
export function applicationGroup({ mspId, msp, anchorPeers }: OrganisationDefinition): ConfigGroup {
  const anchors = anchorsOf(anchorPeers);
  return newGroup({
    values: [
      ['MSP', { ...newValue(anchors), value: msp }],
      ...(anchorPeers.length > 0 ? [['AnchorPeers', newValue(anchors)] as const] : []),
    ],
    policies: [
      ['Readers', anyRole(mspId, ['admin', 'peer', 'client'])],
      ['Writers', anyRole(mspId, ['admin', 'client'])],
      ['Admins', anyRole(mspId, ['admin'])],
      ['Endorsement', anyRole(mspId, ['peer'])],
    ],
  });
}

export function anchorsOf(endpoints: OrganisationDefinition['anchorPeers']) {
  const anchors = new peer.AnchorPeers();
  anchors.setAnchorPeersList(
    endpoints.map(({ host, port }) => {
      const anchor = new peer.AnchorPeer();
      anchor.setHost(host);
      anchor.setPort(port);
      return anchor;
    }),
  );
  return anchors;
}

/** The whole first configuration. @throws RefusedCeremonyError where nobody orders, or two founders share a name */
export function firstConfiguration(
  plan: FoundingPlan,
  definitions: readonly OrganisationDefinition[],
): ConfigGroup {
  const founders = [...definitions].sort((a, b) => (a.mspId < b.mspId ? -1 : 1));
  for (const [at, { mspId }] of founders.entries()) {
    if (founders[at - 1]?.mspId === mspId)
      refuse(`${mspId} is defined twice: give one definition of each founder`);
  }
  const majority = implicitPolicy('MAJORITY', 'Endorsement');
  const application = newGroup({
    groups: founders.map((founder) => [founder.mspId, applicationGroup(founder)]),
    values: [['Capabilities', capabilities('V2_5')]],
    policies: [...GROUP_POLICIES, ['LifecycleEndorsement', majority], ['Endorsement', majority]],
  });
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(2 ** 32 - 1);
  return newGroup({
    groups: [
      ['Application', application],
      ['Orderer', orderingGroup(plan, founders)],
    ],
    values: [
      ['HashingAlgorithm', newValue(hashing)],
      ['BlockDataHashingStructure', newValue(structure)],
      ['Capabilities', capabilities('V3_0')],
    ],
    policies: GROUP_POLICIES,
  });
}

function orderingGroup(
  { ordering, batchTimeoutMs, maxMessageCount }: FoundingPlan,
  founders: readonly OrganisationDefinition[],
): ConfigGroup {
  const ordererFounders = founders.filter(({ orderers }) => orderers.length > 0);
  let id = 0;
  const entries = ordererFounders.flatMap(({ mspId, orderers }) =>
    orderers.map((node) => {
      id += 1;
      return entryOf(node, { id, mspId });
    }),
  );
  if (entries.length === 0) refuse('no founder has an orderer: one definition at least has to name one');
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(maxMessageCount);
  size.setAbsoluteMaxBytes(10 * MIB);
  size.setPreferredMaxBytes(2 * MIB);
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(durationOf(batchTimeoutMs));
  const consensus = new orderer.ConsensusType();
  consensus.setType(ordering === 'bft' ? 'BFT' : 'etcdraft');
  consensus.setMetadata(
    ordering === 'bft' ? bftMetadata(batchTimeoutMs) : raftMetadata(entries.map(raftOrderer)),
  );
  const isBft = ordering === 'bft';
  return newGroup({
    groups: ordererFounders.map((founder) => [founder.mspId, ordererGroup(founder)]),
    values: [
      ['BatchSize', newValue(size)],
      ['BatchTimeout', newValue(timeout)],
      ['ChannelRestrictions', newValue(new orderer.ChannelRestrictions())],
      ['Capabilities', capabilities('V2_0')],
      ['ConsensusType', newValue(consensus)],
      ...(isBft ? [['Orderers', newValue(bftOrderers(entries))] as const] : []),
    ],
    policies: [
      ...GROUP_POLICIES,
      ['BlockValidation', isBft ? blockPolicy(entries) : implicitPolicy('ANY', 'Writers')],
    ],
  });
}

function raftMetadata(consenters: ReturnType<typeof raftOrderer>[]): Uint8Array {
  const options = new orderer.etcdraft.Options();
  options.setTickInterval('500ms');
  options.setElectionTick(10);
  options.setHeartbeatTick(1);
  options.setMaxInflightBlocks(5);
  options.setSnapshotIntervalSize(16 * MIB);
  const metadata = new orderer.etcdraft.ConfigMetadata();
  metadata.setConsentersList(consenters);
  metadata.setOptions(options);
  return metadata.serializeBinary();
}

/** Orderers take the size of batches from the channel's BatchSize. */
function bftMetadata(batchTimeoutMs: number): Uint8Array {
  const given = bftOptions(durationOf(batchTimeoutMs));
  const options = new orderer.smartbft.Options();
  options.setRequestBatchMaxInterval(given.RequestBatchMaxInterval);
  options.setIncomingMessageBufferSize(given.IncomingMessageBufferSize);
  options.setRequestPoolSize(given.RequestPoolSize);
  options.setRequestForwardTimeout(given.RequestForwardTimeout);
  options.setRequestComplainTimeout(given.RequestComplainTimeout);
  options.setRequestAutoRemoveTimeout(given.RequestAutoRemoveTimeout);
  options.setViewChangeResendInterval(given.ViewChangeResendInterval);
  options.setViewChangeTimeout(given.ViewChangeTimeout);
  options.setLeaderHeartbeatTimeout(given.LeaderHeartbeatTimeout);
  options.setLeaderHeartbeatCount(given.LeaderHeartbeatCount);
  options.setCollectTimeout(given.CollectTimeout);
  return options.serializeBinary();
}

/** Block 0 of the channel. @throws RefusedCeremonyError */
export function firstBlock(plan: FoundingPlan, definitions: readonly OrganisationDefinition[]): Uint8Array {
  const config = new common.Config();
  config.setChannelGroup(groupMessage(firstConfiguration(plan, definitions)));
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(config);
  return blockOf(plan, envelope.serializeBinary());
}

/** The block that carries a configuration as the first of a channel. */
export function blockOf(
  { channel, foundedAt }: Pick<FoundingPlan, 'channel' | 'foundedAt'>,
  configEnvelope: Uint8Array,
): Uint8Array {
  const header = new common.ChannelHeader();
  header.setType(common.HeaderType.CONFIG);
  header.setVersion(1);
  header.setChannelId(plainName(channel, 'channel'));
  const timestamp = new timestamps.Timestamp();
  timestamp.setSeconds(Math.floor(foundedAt.getTime() / 1000));
  header.setTimestamp(timestamp);
  const nonce = sha256(configEnvelope).subarray(0, 24);
  header.setTxId(sha256(nonce).toString('hex'));
  const signer = new common.SignatureHeader();
  signer.setNonce(nonce);
  const both = new common.Header();
  both.setChannelHeader(header.serializeBinary());
  both.setSignatureHeader(signer.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(both);
  payload.setData(configEnvelope);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return assembled(envelope.serializeBinary());
}

function assembled(envelope: Uint8Array): Uint8Array {
  const data = new common.BlockData();
  data.setDataList([envelope]);
  const header = new common.BlockHeader();
  header.setDataHash(sha256(envelope));
  const first = new common.LastConfig();
  const word = new common.OrdererBlockMetadata();
  word.setLastConfig(first);
  const wrapped = (value: Uint8Array) => {
    const one = new common.Metadata();
    one.setValue(value);
    return one.serializeBinary();
  };
  const metadata = new common.BlockMetadata();
  const nothing = new Uint8Array();
  metadata.setMetadataList([
    wrapped(word.serializeBinary()),
    wrapped(first.serializeBinary()),
    nothing,
    nothing,
    nothing,
  ]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return block.serializeBinary();
}

/** The ceremony by which all founders consent to a block's digest. @throws RefusedCeremonyError */
export function proposeFounding(
  plan: FoundingPlan,
  definitions: readonly OrganisationDefinition[],
): Ceremony {
  const bytes = firstBlock(plan, definitions);
  return {
    kind: 'founding',
    channel: plan.channel,
    genesis: genesisDigest(bytes),
    sequence: 0,
    bytes,
    signatures: [],
  };
}
