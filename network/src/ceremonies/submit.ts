// Sends a complete ceremony: a change of the configuration to the orderers, whose answer is given in words, until the
// own peer has it. What is not complete is not sent.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelConfiguration } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import type { SigningIdentity } from './ceremony-signatures.ts';
import { reviewUpdate } from './channel-review.ts';
import { groupMessage } from './compute-update.ts';
import { sameBytes } from './digests.ts';
import { broadcast, FabricNodeError, signedEnvelope } from './fabric-nodes.ts';
import { administratorOf, type OwnPlace, placeOf } from './own-place.ts';
import { type Review, reviewCeremony } from './review.ts';

const { common } = fabricProtos;
/** Under BFT orderers may have to agree on another leader first. */
const ARRIVE_MS = 300_000;
const LOOK_AGAIN_MS = 500;

/** A ceremony that was not sent, or not taken. */
export class SubmissionError extends Error {
  override readonly name = 'SubmissionError';
}

/** What is missing, in one sentence. */
export const missingInWords = ({ policies }: Review): string =>
  policies
    .filter(({ isMet }) => !isMet)
    .map(({ path, missing }) => `${path} is missing ${missing}`)
    .join('; ');

/**
 * Sends a change of the configuration.
 *
 * @returns the configuration as the own peer has it then
 * @throws SubmissionError where signatures are missing, or no orderer takes it; RefusedCeremonyError
 */
export async function submitChange(
  ceremony: Ceremony,
  own: OwnPlace,
  say: (line: string) => void,
): Promise<ChannelConfiguration> {
  const place = await placeOf(own, {});
  const review = reviewCeremony(ceremony, place);
  if (!review.isComplete) throw new SubmissionError(`not sent: ${missingInWords(review)}`);
  const { after } = reviewUpdate(ceremony, place.configuration!);
  await send(ceremony, own, say);
  for (const end = Date.now() + ARRIVE_MS; ; await sleep(LOOK_AGAIN_MS)) {
    const found = await presentOf(own);
    if (found !== undefined && found.sequence >= after.sequence) {
      const bytes = (one: ChannelConfiguration) => groupMessage(one.root).serializeBinary();
      if (found.sequence === after.sequence && sameBytes(bytes(found), bytes(after))) return found;
      if (found.sequence > after.sequence) return found;
      throw new SubmissionError(
        `configuration ${found.sequence} is another one: somebody changed the channel first`,
      );
    }
    if (Date.now() > end) {
      throw new SubmissionError(
        `the orderers took it, and ${own.peer!.address} has not got it yet: look again later`,
      );
    }
  }
}

/** Undefined while the peer cannot be asked, as in the moments in which it takes another configuration. */
async function presentOf(own: OwnPlace): Promise<ChannelConfiguration | undefined> {
  try {
    return (await placeOf(own, {})).configuration;
  } catch (error) {
    if (error instanceof FabricNodeError) return undefined;
    throw error;
  }
}

/** The change with its signatures, as orderers take it from one who sends it. */
export function changeEnvelope(ceremony: Ceremony, identity: SigningIdentity) {
  const signed = new common.ConfigUpdateEnvelope();
  signed.setConfigUpdate(ceremony.bytes);
  signed.setSignaturesList(
    ceremony.signatures.map(({ header, signature }) => {
      const one = new common.ConfigSignature();
      one.setSignatureHeader(header);
      one.setSignature(signature);
      return one;
    }),
  );
  const data = signed.serializeBinary();
  return signedEnvelope(identity, { channel: ceremony.channel, type: common.HeaderType.CONFIG_UPDATE, data });
}

/** To one orderer after the other, until one takes it. */
async function send(ceremony: Ceremony, own: OwnPlace, say: (line: string) => void): Promise<void> {
  const identity = administratorOf(own);
  if (own.orderers.length === 0)
    throw new SubmissionError(`${own.file} names no orderers: add where they are`);
  const answers: string[] = [];
  for (const node of own.orderers) {
    try {
      const { isTaken, words } = await broadcast(node, changeEnvelope(ceremony, identity));
      say(`${node.address}: ${words}`);
      if (isTaken) return;
      answers.push(`${node.address}: ${inOurWords(words)}`);
    } catch (error) {
      if (!(error instanceof FabricNodeError)) throw error;
      say(error.message);
      answers.push(error.message);
    }
  }
  throw new SubmissionError(`no orderer took it:\n  ${answers.join('\n  ')}`);
}

const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/but it is currently at version/, 'the channel has changed since: propose the change again'],
  [/policy for .* not satisfied|implicit policy evaluation failed/, 'signatures are missing or do not count'],
  [/attempt to expire running node/, 'the orderer would lose its quorum'],
  [/quorum/i, 'it could leave the orderers without a quorum: start those that are down first'],
  [/more than one consenter/, 'Raft changes one orderer at a time'],
  [/certificate.*expired|expired/i, 'a certificate has expired'],
];

/** The orderer's own words, with what to do about the known ones. */
export function inOurWords(words: string): string {
  const [, ours] = ANSWERS.find(([pattern]) => pattern.test(words)) ?? [];
  return ours === undefined ? words : `${words} (${ours})`;
}
