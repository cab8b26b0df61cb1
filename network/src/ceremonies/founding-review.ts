// The review of a channel's first block: who founds it, who orders, and by which policies it lives. The block has to be
// written as this version writes it, so that nothing is in it beside the configuration that is shown.

import { genesisDigest } from '@consilium/verify';
import {
  type ChannelConfiguration,
  type ConfigGroup,
  configurationOf,
  UnreadableError,
} from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import { checkNames, type ItemChange } from './channel-review.ts';
import { groupMessage } from './compute-update.ts';
import { policyWords, valueWords } from './configuration-words.ts';
import { sameBytes } from './digests.ts';
import { blockOf } from './founding.ts';
import { refuse } from './refused-ceremony.ts';
import { foundingWarnings } from './weakening.ts';
import { readWhole } from './whole-messages.ts';

const { common } = fabricProtos;

/** A first block, taken apart. */
export interface ReviewedFounding {
  readonly configuration: ChannelConfiguration;
  readonly changes: readonly ItemChange[];
  readonly warnings: readonly string[];
}

/** @throws RefusedCeremonyError */
export function reviewFounding({ channel, genesis, bytes, sequence }: Ceremony, now: Date): ReviewedFounding {
  if (sequence !== 0) refuse('a founding has the sequence 0');
  const { configuration, foundedAt } = readFirstBlock(bytes, channel);
  const envelope = new common.ConfigEnvelope();
  const config = new common.Config();
  config.setChannelGroup(groupMessage(configuration.root));
  envelope.setConfig(config);
  if (!sameBytes(blockOf({ channel, foundedAt }, envelope.serializeBinary()), bytes)) {
    refuse('the block is not written as this version writes it, or carries what a review would not show');
  }
  if (genesisDigest(bytes) !== genesis) refuse("the file's genesis digest is not its block's");
  checkNames(undefined, configuration.root);
  return {
    configuration,
    changes: itemsOf(configuration.root, '/Channel'),
    warnings: foundingWarnings(configuration, now),
  };
}

function readFirstBlock(bytes: Uint8Array, channel: string) {
  const block = readWhole(common.Block, bytes, 'block');
  const [data] = block.getData()?.getDataList_asU8() ?? [];
  const envelope = readWhole(common.Envelope, data ?? new Uint8Array(), 'envelope of the block');
  const payload = readWhole(common.Payload, envelope.getPayload_asU8(), 'payload of the block');
  const header = readWhole(
    common.ChannelHeader,
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    'header of the block',
  );
  if (header.getChannelId() !== channel) {
    refuse(
      `the file is for the channel ${channel}, and its block for ${JSON.stringify(header.getChannelId())}`,
    );
  }
  try {
    const foundedAt = new Date((header.getTimestamp()?.getSeconds() ?? 0) * 1000);
    return { configuration: configurationOf(bytes), foundedAt };
  } catch (cause) {
    if (!(cause instanceof UnreadableError)) throw cause;
    return refuse(`the block holds no configuration that can be read: ${cause.message}`, { cause });
  }
}

function itemsOf(group: ConfigGroup, place: string): ItemChange[] {
  const values = [...group.values].map(([name, { value, modPolicy }]): ItemChange => {
    const at = { place: `${place}/${name}`, bytes: value, isNew: true };
    return {
      place: at.place,
      kind: 'value',
      removed: [],
      added: [...valueWords(name, at), `changes need ${modPolicy}`],
    };
  });
  const policies = [...group.policies].map(([name, { type, value, modPolicy }]): ItemChange => {
    const at = { place: `${place}/${name}`, bytes: value, isNew: true };
    return {
      place: at.place,
      kind: 'policy',
      removed: [],
      added: [`met by ${policyWords(type, at)}`, `changes need ${modPolicy}`],
    };
  });
  const groups = [...group.groups].flatMap(([name, child]) => itemsOf(child, `${place}/${name}`));
  return [...values, ...policies, ...groups];
}
