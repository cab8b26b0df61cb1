// The review of a chaincode's definition: the arguments of Fabric's own commit, which every organisation approves with
// the same contents. The code itself is no part of a definition: each place compares the version with the code that it
// runs.

import { type ChannelConfiguration, readSignaturePolicy } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import type { ItemChange } from './channel-review.ts';
import { policyWords } from './configuration-words.ts';
import { plainName, plainValue } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';
import { COMPARED_MAX, listed, policiesOf, ruleSets, sufficientSets } from './sufficient-signers.ts';
import { readWhole } from './whole-messages.ts';

const { peer } = fabricProtos;
const ENDORSEMENT = '/Channel/Application/Endorsement';

/** A definition, taken apart. */
export interface ReviewedChaincode {
  readonly changes: readonly ItemChange[];
  readonly warnings: readonly string[];
}

/** @throws RefusedCeremonyError */
export function reviewChaincode(
  { bytes, sequence }: Ceremony,
  configuration: ChannelConfiguration,
): ReviewedChaincode {
  const definition = readWhole(
    peer.lifecycle.CommitChaincodeDefinitionArgs,
    bytes,
    'definition of the chaincode',
  );
  if (definition.getSequence() !== sequence) refuse("the file's sequence is not its definition's");
  if (definition.hasCollections())
    refuse('the definition has private collections, for which this version has no words');
  const name = plainName(definition.getName(), 'chaincode');
  const { words, warnings } = endorsement(definition.getValidationParameter_asU8(), configuration);
  const added = [
    `name: ${name}`,
    `version: ${plainName(definition.getVersion(), 'version of the chaincode')}`,
    `sequence: ${sequence}`,
    `endorsed as ${words} asks`,
    `checked by ${[definition.getEndorsementPlugin(), definition.getValidationPlugin()]
      .map((plugin) => plainValue(plugin, 'plugin'))
      .join(' and ')}`,
    ...(definition.getInitRequired() ? ['has to be initialised by a first transaction'] : []),
  ];
  return { changes: [{ place: `chaincode ${name}`, kind: 'value', removed: [], added }], warnings };
}

function endorsement(
  bytes: Uint8Array,
  configuration: ChannelConfiguration,
): { words: string; warnings: string[] } {
  if (bytes.length === 0) return { words: ENDORSEMENT, warnings: [] };
  const policy = readWhole(peer.ApplicationPolicy, bytes, 'endorsement policy of the chaincode');
  const reference = policy.getChannelConfigPolicyReference();
  if (reference !== '') {
    if (!policiesOf(configuration.root).has(reference)) {
      refuse(
        `the definition names the policy ${plainValue(reference, 'policy')}, which the channel does not have`,
      );
    }
    return { words: plainValue(reference, 'policy'), warnings: [] };
  }
  const signature = policy.getSignaturePolicy()?.serializeBinary();
  if (signature === undefined)
    return refuse('the definition has an endorsement policy that asks for nothing');
  const words = policyWords(1, {
    place: 'endorsement policy of the chaincode',
    bytes: signature,
    isNew: true,
  });
  return { words, warnings: fewerThanChannel(signature, configuration) };
}

/** Its own policy replaces the channel's: said where fewer would do. */
function fewerThanChannel(signature: Uint8Array, configuration: ChannelConfiguration): string[] {
  const mspIds = [...configuration.mspIds].sort();
  const policy = policiesOf(configuration.root).get(ENDORSEMENT);
  if (policy === undefined || mspIds.length > COMPARED_MAX) return [];
  const [own] = ruleSets(readSignaturePolicy(signature), mspIds);
  const [channels] = sufficientSets(policy.group, policy.name, mspIds);
  if (own === undefined) return ["the chaincode's endorsement policy could be met by nobody of the channel"];
  if (channels === undefined || own.size >= channels.size) return [];
  return [
    `peers of ${listed(own)} alone could endorse, and ${channels.size} organisations by the channel's own policy`,
  ];
}
