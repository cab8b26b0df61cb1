// Who is in a channel, for those who gather evidence from it.
import { lastConfigOf, readBlock } from '../blocks/fabric-block.ts';
import { readEnvelope } from '../blocks/transaction.ts';
import type { ChannelConfiguration } from './channel-configuration.ts';
import { readConfigEnvelope } from './configuration-update.ts';

/** The number of the block that holds the configuration as it is at this one. @throws UnreadableError */
export const lastConfigurationOf = (block: Uint8Array): number => {
  const { header, orderers } = readBlock(block);
  return header.number === 0 ? 0 : lastConfigOf(orderers);
};

/** The organisations whose peers endorse, by the configuration in this block. @throws UnreadableError */
export const organisationsIn = (configurationBlock: Uint8Array): readonly string[] =>
  configurationOf(configurationBlock).mspIds;

/** The configuration in this block. @throws UnreadableError */
export function configurationOf(configurationBlock: Uint8Array): ChannelConfiguration {
  const [envelope] = readBlock(configurationBlock).envelopes;
  const { data } = readEnvelope(envelope ?? new Uint8Array());
  return readConfigEnvelope(data).configuration;
}
