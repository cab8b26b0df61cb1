// What can be proposed to change in a channel, each as the configuration that would follow. The update is computed of
// it.

import { type ChannelConfiguration, type ConfigGroup, Message } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import { pemOf, readableCertificate } from './certificates-in-words.ts';
import { updateBytes } from './compute-update.ts';
import { groupAt, withGroup, without, withPolicy, withValue } from './configuration-tree.ts';
import { anchorsOf, applicationGroup, durationOf, ordererGroup } from './founding.ts';
import { entryOf, type OrdererEntry, orderersIn, orderingOf, withOrderers } from './orderer-set.ts';
import type { Endpoint, OrdererNode, OrganisationDefinition } from './organisation-definition.ts';
import { readPolicyText } from './policy-text.ts';
import { refuse } from './refused-ceremony.ts';

const { common, msp, orderer, peer } = fabricProtos;

/** What a proposal starts from. */
export interface ProposalPlace {
  readonly channel: string;
  readonly genesis: string;
  readonly configuration: ChannelConfiguration;
}

/** The ceremony by which a channel takes another configuration. @throws RefusedCeremonyError where nothing differs */
export function proposeChange(
  { channel, genesis, configuration }: ProposalPlace,
  change: (root: ConfigGroup) => ConfigGroup,
): Ceremony {
  const { root, sequence } = configuration;
  return {
    kind: 'channel',
    channel,
    genesis,
    sequence,
    bytes: updateBytes(channel, root, change(root)),
    signatures: [],
  };
}

const ORDERING = ['Orderer'] as const;
const sectionsOf = (root: ConfigGroup, mspId: string): string[] =>
  ['Application', 'Orderer'].filter((section) => root.groups.get(section)?.groups.has(mspId));

/** How long a block waits for more transactions. Under BFT orderers go by their own interval, which changes too. */
export function changeBatchTimeout(root: ConfigGroup, ms: number): ConfigGroup {
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(durationOf(ms));
  const changed = withValue(root, ORDERING, ['BatchTimeout', timeout]);
  if (orderingOf(root) !== 'BFT') return changed;
  const consensus = orderer.ConsensusType.deserializeBinary(
    groupAt(root, ORDERING).values.get('ConsensusType')!.value,
  );
  const options = orderer.smartbft.Options.deserializeBinary(consensus.getMetadata_asU8());
  options.setRequestBatchMaxInterval(durationOf(ms));
  consensus.setMetadata(options.serializeBinary());
  return withValue(changed, ORDERING, ['ConsensusType', consensus]);
}

/** How many transactions a block holds at most. */
export function changeBlockSize(root: ConfigGroup, maxMessageCount: number): ConfigGroup {
  const size = orderer.BatchSize.deserializeBinary(groupAt(root, ORDERING).values.get('BatchSize')!.value);
  size.setMaxMessageCount(maxMessageCount);
  return withValue(root, ORDERING, ['BatchSize', size]);
}

/** A policy by its path and a text: 'MAJORITY Admins', or "OutOf(2, 'AlphaMSP.admin', …)". */
export function changePolicy(root: ConfigGroup, path: string, text: string): ConfigGroup {
  const [, channel, ...names] = path.split('/');
  const name = names.pop();
  if (channel !== 'Channel' || name === undefined)
    return refuse(`${path} is no policy: write /Channel/Application/Admins`);
  if (!groupAt(root, names).policies.has(name)) refuse(`the channel has no policy ${path}`);
  return withPolicy(root, names, [name, readPolicyText(text)]);
}

/** An organisation among those who endorse, and who order if it brings orderers' addresses. */
export function addOrganisation(root: ConfigGroup, definition: OrganisationDefinition): ConfigGroup {
  const { mspId, orderers } = definition;
  if (sectionsOf(root, mspId).length > 0) refuse(`${mspId} is in the channel already`);
  const added = withGroup(root, ['Application'], (group) => ({
    ...group,
    groups: new Map(group.groups).set(mspId, applicationGroup(definition)),
  }));
  if (orderers.length === 0) return added;
  return withGroup(added, ORDERING, (group) => ({
    ...group,
    groups: new Map(group.groups).set(mspId, ordererGroup(definition)),
  }));
}

/** An organisation leaves: everywhere, and its orderers have to be out before. */
export function removeOrganisation(root: ConfigGroup, mspId: string): ConfigGroup {
  const sections = sectionsOf(root, mspId);
  if (sections.length === 0) refuse(`${mspId} is not in the channel`);
  const endpoints = endpointsOf(root, mspId);
  const still = orderersIn(root).filter(
    (entry) => entry.bft?.mspId === mspId || endpoints.includes(`${entry.host}:${entry.port}`),
  );
  if (still.length > 0) {
    const [{ host, port }] = still as [OrdererEntry];
    refuse(`${mspId} still has the orderer ${host}:${port}: remove it by a ceremony of its own first`);
  }
  return sections.reduce(
    (tree, section) =>
      withGroup(tree, [section], (group) => ({ ...group, groups: without(group.groups, mspId) })),
    root,
  );
}

const endpointsOf = (root: ConfigGroup, mspId: string): readonly string[] =>
  new Message(
    'endpoints',
    root.groups.get('Orderer')?.groups.get(mspId)?.values.get('Endpoints')?.value ?? new Uint8Array(),
  ).texts(1);

/** One more orderer of an organisation that is among those who order. */
export function addOrderer(root: ConfigGroup, mspId: string, node: OrdererNode): ConfigGroup {
  groupAt(root, ['Orderer', mspId]);
  const entries = orderersIn(root);
  if (entries.some((one) => isAt(one, node))) refuse(`${node.host}:${node.port} orders already`);
  const bft =
    orderingOf(root) === 'BFT'
      ? { id: Math.max(0, ...entries.map(({ bft: one }) => one!.id)) + 1, mspId }
      : undefined;
  const endpoint = `${node.host}:${node.port}`;
  const addresses = [...endpointsOf(root, mspId).filter((one) => one !== endpoint), endpoint];
  return withEndpoints(withOrderers(root, [...entries, entryOf(node, bft)]), mspId, addresses);
}

function withEndpoints(root: ConfigGroup, mspId: string, addresses: readonly string[]): ConfigGroup {
  const endpoints = new common.OrdererAddresses();
  endpoints.setAddressesList([...addresses]);
  return withValue(root, ['Orderer', mspId], ['Endpoints', endpoints]);
}

const isAt = (entry: OrdererEntry, { host, port }: Endpoint): boolean =>
  entry.host === host && entry.port === port;

/** An orderer orders no more. Its organisation's addresses go on without it, unless it was the last: then they stay. */
export function removeOrderer(root: ConfigGroup, at: Endpoint): ConfigGroup {
  const entries = orderersIn(root);
  if (!entries.some((entry) => isAt(entry, at))) refuse(`${at.host}:${at.port} does not order`);
  const removed = withOrderers(
    root,
    entries.filter((entry) => !isAt(entry, at)),
  );
  const gone = `${at.host}:${at.port}`;
  const names = [...(root.groups.get('Orderer')?.groups.keys() ?? [])];
  return names.reduce((tree, mspId) => {
    const addresses = endpointsOf(tree, mspId);
    const kept = addresses.filter((one) => one !== gone);
    return kept.length === addresses.length || kept.length === 0 ? tree : withEndpoints(tree, mspId, kept);
  }, removed);
}

/** New certificates of an orderer, each in PEM. */
export interface RenewedCertificates {
  readonly tls?: string;
  /** Under BFT: with which it signs blocks. */
  readonly identity?: string;
}

/** An orderer's certificates are renewed: TLS for both directions, and its identity under BFT. */
export function renewOrderer(
  root: ConfigGroup,
  at: Endpoint,
  { tls, identity }: RenewedCertificates,
): ConfigGroup {
  const entries = orderersIn(root);
  if (!entries.some((entry) => isAt(entry, at))) refuse(`${at.host}:${at.port} does not order`);
  if (identity !== undefined && orderingOf(root) !== 'BFT')
    refuse('under Raft the channel names no identity of orderers');
  const written = (pem: string) =>
    Buffer.from(pemOf('CERTIFICATE', readableCertificate(Buffer.from(pem), 'new certificate').der));
  return withOrderers(
    root,
    entries.map((entry) => {
      if (!isAt(entry, at)) return entry;
      const both = tls === undefined ? {} : { clientTls: written(tls), serverTls: written(tls) };
      const { bft } = entry;
      return {
        ...entry,
        ...both,
        ...(bft && { bft: { ...bft, ...(identity === undefined ? {} : { identity: written(identity) }) } }),
      };
    }),
  );
}

/** The peers by which others find an organisation's. */
export function changeAnchorPeers(root: ConfigGroup, mspId: string, peers: readonly Endpoint[]): ConfigGroup {
  const path = ['Application', mspId] as const;
  groupAt(root, path);
  if (peers.length > 0) return withValue(root, path, ['AnchorPeers', anchorsOf(peers)]);
  return withGroup(root, path, (group) => ({ ...group, values: without(group.values, 'AnchorPeers') }));
}

/** An organisation's revocation lists, wherever it is in the channel; each replaces that of the same authority. */
export function changeRevocationLists(
  root: ConfigGroup,
  mspId: string,
  lists: readonly Uint8Array[],
): ConfigGroup {
  const sections = sectionsOf(root, mspId);
  if (sections.length === 0) refuse(`${mspId} is not in the channel`);
  return sections.reduce((tree, section) => {
    const wrapped = msp.MSPConfig.deserializeBinary(groupAt(tree, [section, mspId]).values.get('MSP')!.value);
    const config = msp.FabricMSPConfig.deserializeBinary(wrapped.getConfig_asU8());
    config.setRevocationListList(lists.map(canonicalList));
    wrapped.setConfig(config.serializeBinary());
    return withValue(tree, [section, mspId], ['MSP', wrapped]);
  }, root);
}

/** The lists that an organisation has in force. */
export function revocationListsOf(root: ConfigGroup, mspId: string): Uint8Array[] {
  const [section] = sectionsOf(root, mspId);
  if (section === undefined) return refuse(`${mspId} is not in the channel`);
  const value = groupAt(root, [section, mspId]).values.get('MSP')!.value;
  const wrapped = msp.MSPConfig.deserializeBinary(value);
  return msp.FabricMSPConfig.deserializeBinary(wrapped.getConfig_asU8()).getRevocationListList_asU8();
}

function canonicalList(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes).toString('latin1');
  const block = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CRL-----/.exec(text);
  const der = block === null ? bytes : Buffer.from(block[1]!.replaceAll(/\s/g, ''), 'base64');
  return Buffer.from(pemOf('X509 CRL', der));
}

/** What organisations approve of a chaincode. */
export interface ChaincodePlan {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** 'MAJORITY' is the channel's own; else a signature policy. */
  readonly policy: string;
}

/** The ceremony by which organisations agree on a chaincode's definition. @throws RefusedCeremonyError */
export function proposeChaincode(
  place: ProposalPlace,
  { name, version, sequence, policy }: ChaincodePlan,
): Ceremony {
  const endorsed = new peer.ApplicationPolicy();
  if (policy === 'MAJORITY') endorsed.setChannelConfigPolicyReference('/Channel/Application/Endorsement');
  else {
    const { value } = readPolicyText(policy);
    endorsed.setSignaturePolicy(common.SignaturePolicyEnvelope.deserializeBinary(value));
  }
  const definition = new peer.lifecycle.CommitChaincodeDefinitionArgs();
  definition.setSequence(sequence);
  definition.setName(name);
  definition.setVersion(version);
  definition.setEndorsementPlugin('escc');
  definition.setValidationPlugin('vscc');
  definition.setValidationParameter(endorsed.serializeBinary());
  const { channel, genesis } = place;
  return {
    kind: 'chaincode',
    channel,
    genesis,
    sequence,
    bytes: definition.serializeBinary(),
    signatures: [],
  };
}
