// Single facts of a configuration that a review compares.

import type { ConfigGroup } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';

const { common, orderer } = fabricProtos;
const NOTHING = new Uint8Array();

const orderingValue = (root: ConfigGroup, name: string): Uint8Array =>
  root.groups.get('Orderer')?.values.get(name)?.value ?? NOTHING;

/** Transactions of a block at most, and how long one waits for more, as Go writes it. */
export function batchOf(root: ConfigGroup): { readonly messages: number; readonly timeout: string } {
  return {
    messages: orderer.BatchSize.deserializeBinary(orderingValue(root, 'BatchSize')).getMaxMessageCount(),
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
