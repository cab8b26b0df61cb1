// Which answers a bundle is made of, where organisations were asked one by one: those that most of them agree on. One
// organisation that answers otherwise, or signs badly, could else keep all others from having evidence: a verifier
// refuses a file in which answers differ.

import { organisationsOf } from '../blocks/ledger-replay.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { configurationOf } from '../channel/organisations.ts';
import { concatBytes } from '../wire/bytes.ts';
import { hex, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** Envelopes that the same peers signed, one for each page of an answer. */
export type Pages = readonly Uint8Array[];

/**
 * The largest group of answers that say the same of the same rows, each signed by a peer of the channel.
 *
 * @param configurationBlock the block with the configuration in force
 * @throws UnreadableError where that block is none
 */
export function agreeingAnswers(answers: readonly Pages[], configurationBlock: Uint8Array): readonly Pages[] {
  const configuration = configurationOf(configurationBlock);
  const groups = Map.groupBy(answers, (pages) => saidIn(pages, configuration));
  groups.delete(undefined);
  return [...groups.values()].reduce((most, group) => (group.length > most.length ? group : most), []);
}

/** What its endorsers signed beside the question, as one digest; undefined where a signature does not hold. */
function saidIn(pages: Pages, configuration: ChannelConfiguration): string | undefined {
  try {
    const results = pages.map((bytes) => {
      const { endorsements, result } = readTransaction(readEnvelope(bytes));
      const isSigned = endorsements.every(
        (one) => configuration.membership.refusalOfUncovered(one) === undefined,
      );
      return isSigned && organisationsOf(configuration, endorsements).length > 0 ? sha256(result) : undefined;
    });
    return results.every((one) => one !== undefined) ? hex(concatBytes(results)) : undefined;
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}
