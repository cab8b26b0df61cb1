// Single facts of a configuration that a review compares.

import type { ConfigGroup } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';

const { common, orderer } = fabricProtos;
const NOTHING = new Uint8Array();

const orderingValue = (root: ConfigGroup, name: string): Uint8Array =>
  root.groups.get('Orderer')?.values.get(name)?.value ?? NOTHING;

/** Transactions and bytes of a block at most, and how long one waits for more, as Go writes it. */
export function batchOf(root: ConfigGroup) {
  const size = orderer.BatchSize.deserializeBinary(orderingValue(root, 'BatchSize'));
  return {
    messages: size.getMaxMessageCount(),
    bytes: size.getAbsoluteMaxBytes(),
    timeout: orderer.BatchTimeout.deserializeBinary(orderingValue(root, 'BatchTimeout')).getTimeout(),
  };
}

export const consensusStateOf = (root: ConfigGroup): 'normal' | 'maintenance' =>
  orderer.ConsensusType.deserializeBinary(orderingValue(root, 'ConsensusType')).getState() === 0
    ? 'normal'
    : 'maintenance';

/** By the section that they are of. */
export function capabilitiesOf(root: ConfigGroup): ReadonlyMap<string, ReadonlySet<string>> {
  const sections = [
    ['/Channel', root] as const,
    ...[...root.groups].map(([name, group]) => [`/Channel/${name}`, group] as const),
  ];
  return new Map(
    sections.map(([name, group]) => {
      const bytes = group.values.get('Capabilities')?.value ?? NOTHING;
      return [name, new Set(common.Capabilities.deserializeBinary(bytes).getCapabilitiesMap().keys())];
    }),
  );
}

/** Policies by what they give access to, as one text. */
export const accessOf = (root: ConfigGroup): string =>
  Buffer.from(root.groups.get('Application')?.values.get('ACLs')?.value ?? NOTHING).toString('hex');

/** How orderers agree, as one text: without who they are, and without how long a block waits, which is said apart. */
export function optionsOf(root: ConfigGroup): string {
  const consensus = orderer.ConsensusType.deserializeBinary(orderingValue(root, 'ConsensusType'));
  const bytes = consensus.getMetadata_asU8();
  if (consensus.getType() === 'BFT') {
    const options = orderer.smartbft.Options.deserializeBinary(bytes);
    return JSON.stringify({ ...options.toObject(), requestBatchMaxInterval: '' });
  }
  if (consensus.getType() !== 'etcdraft') return '';
  return JSON.stringify(
    orderer.etcdraft.ConfigMetadata.deserializeBinary(bytes).getOptions()?.toObject() ?? {},
  );
}
