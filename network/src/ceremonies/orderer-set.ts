// Who orders, as values of the configuration: the list of orderers under Raft, or under BFT with the policy by which a
// quorum of them signs blocks; and how many of them may fail.

import { type ConfigGroup, Message } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { identityOf, signaturePolicy, withPolicy, withValue } from './configuration-tree.ts';
import type { OrdererNode } from './organisation-definition.ts';
import { refuse } from './refused-ceremony.ts';

const { common, msp, orderer } = fabricProtos;
const ORDERING = ['Orderer'] as const;

/** An orderer in a channel; under BFT with its number, its organisation and its identity. */
export interface OrdererEntry {
  readonly host: string;
  readonly port: number;
  readonly clientTls: Uint8Array;
  readonly serverTls: Uint8Array;
  readonly bft?: { readonly id: number; readonly mspId: string; readonly identity: Uint8Array };
}

const consensusOf = (root: ConfigGroup) => {
  const bytes = root.groups.get('Orderer')?.values.get('ConsensusType')?.value ?? new Uint8Array();
  return orderer.ConsensusType.deserializeBinary(bytes);
};

/** 'etcdraft' or 'BFT'. */
export const orderingOf = (root: ConfigGroup): string =>
  new Message(
    'type of consensus',
    root.groups.get('Orderer')?.values.get('ConsensusType')?.value ?? new Uint8Array(),
  ).text(1);

export function orderersIn(root: ConfigGroup): OrdererEntry[] {
  const consensus = consensusOf(root);
  if (consensus.getType() === 'etcdraft') {
    const metadata = orderer.etcdraft.ConfigMetadata.deserializeBinary(consensus.getMetadata_asU8());
    return metadata.getConsentersList().map((one) => ({
      host: one.getHost(),
      port: one.getPort(),
      clientTls: one.getClientTlsCert_asU8(),
      serverTls: one.getServerTlsCert_asU8(),
    }));
  }
  const bytes = root.groups.get('Orderer')?.values.get('Orderers')?.value ?? new Uint8Array();
  return common.Orderers.deserializeBinary(bytes)
    .getConsenterMappingList()
    .map((one) => ({
      host: one.getHost(),
      port: one.getPort(),
      clientTls: one.getClientTlsCert_asU8(),
      serverTls: one.getServerTlsCert_asU8(),
      bft: { id: one.getId(), mspId: one.getMspId(), identity: one.getIdentity_asU8() },
    }));
}

/** How many orderers may fail, and how many have to agree. */
export function quorumOf(
  ordering: string,
  orderers: number,
): { readonly failing: number; readonly quorum: number } {
  if (ordering !== 'BFT')
    return { failing: Math.floor((orderers - 1) / 2), quorum: Math.floor(orderers / 2) + 1 };
  const failing = Math.floor((orderers - 1) / 3);
  return { failing, quorum: Math.ceil((orderers + failing + 1) / 2) };
}

export const entryOf = (
  node: OrdererNode,
  bft?: { readonly id: number; readonly mspId: string },
): OrdererEntry => ({
  host: node.host,
  port: node.port,
  clientTls: Buffer.from(node.clientTls),
  serverTls: Buffer.from(node.serverTls),
  ...(bft && { bft: { ...bft, identity: Buffer.from(node.identity) } }),
});

/** The same options of Raft or BFT, with these orderers. @throws RefusedCeremonyError where none would be left */
export function withOrderers(root: ConfigGroup, orderers: readonly OrdererEntry[]): ConfigGroup {
  if (orderers.length === 0) refuse('nobody would order any more: a channel keeps one orderer at least');
  const consensus = consensusOf(root);
  if (consensus.getType() === 'etcdraft') {
    const metadata = orderer.etcdraft.ConfigMetadata.deserializeBinary(consensus.getMetadata_asU8());
    metadata.setConsentersList(orderers.map(raftOrderer));
    consensus.setMetadata(metadata.serializeBinary());
    return withValue(root, ORDERING, ['ConsensusType', consensus]);
  }
  if (consensus.getType() !== 'BFT') refuse(`orderers of the type ${consensus.getType()} cannot be changed`);
  const listed = withValue(root, ORDERING, ['Orderers', bftOrderers(orderers)]);
  return withPolicy(listed, ORDERING, ['BlockValidation', blockPolicy(orderers)]);
}

export function raftOrderer({ host, port, clientTls, serverTls }: OrdererEntry) {
  const made = new orderer.etcdraft.Consenter();
  made.setHost(host);
  made.setPort(port);
  made.setClientTlsCert(clientTls);
  made.setServerTlsCert(serverTls);
  return made;
}

export function bftOrderers(entries: readonly OrdererEntry[]) {
  const orderers = new common.Orderers();
  orderers.setConsenterMappingList(
    entries.map(({ host, port, clientTls, serverTls, bft }) => {
      const made = new common.Consenter();
      made.setId(bft!.id);
      made.setHost(host);
      made.setPort(port);
      made.setMspId(bft!.mspId);
      made.setIdentity(bft!.identity);
      made.setClientTlsCert(clientTls);
      made.setServerTlsCert(serverTls);
      return made;
    }),
  );
  return orderers;
}

/** As configtxgen does: a quorum of the orderers' very certificates. */
export function blockPolicy(entries: readonly OrdererEntry[]) {
  const principals = entries.map(({ bft }) => {
    const identity = new msp.SerializedIdentity();
    identity.setMspid(bft!.mspId);
    identity.setIdBytes(bft!.identity);
    return identityOf(identity.serializeBinary());
  });
  const { quorum } = quorumOf('BFT', entries.length);
  return signaturePolicy({ least: quorum, rules: entries.map((_, at) => at) }, principals);
}
