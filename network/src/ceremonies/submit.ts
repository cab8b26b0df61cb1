// Sends a complete ceremony: a change of the configuration to the orderers, whose answer is given in words, until the
// own peer has it. What is not complete is not sent.

import type { ChannelConfiguration } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import type { SigningIdentity } from './ceremony-signatures.ts';
import { reviewUpdate } from './channel-review.ts';
import { groupMessage } from './compute-update.ts';
import { sameBytes } from './digests.ts';
import { broadcast, type FabricNode, FabricNodeError, signedEnvelope } from './fabric-nodes.ts';
import { administratorOf, type OwnPlace, placeOf } from './own-place.ts';
import { type Review, reviewCeremony } from './review.ts';
import { NotTakenError, sendUntilThere } from './send-until-there.ts';

const { common } = fabricProtos;
/** Under BFT orderers may have to agree on another leader first. */
const ARRIVE_MS = 300_000;
const LOOK_AGAIN_MS = 500;
/** One orderer of several can take a change and order nothing, as while it alone asks for another leader. */
const ASK_ANOTHER_MS = 30_000;

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
  if (own.orderers.length === 0)
    throw new SubmissionError(`${own.file} names no orderers: add where they are`);
  const found = await sendUntilThere({
    orderers: own.orderers,
    send: (node) => sendTo(node, ceremony, { own, say }),
    look: async () => {
      const present = await presentOf(own);
      return present !== undefined && present.sequence >= after.sequence ? present : undefined;
    },
    lookEveryMs: LOOK_AGAIN_MS,
    askAnotherAfterMs: ASK_ANOTHER_MS,
    giveUpAfterMs: ARRIVE_MS,
  }).catch((error: unknown) => {
    if (!(error instanceof NotTakenError)) throw error;
    throw new SubmissionError(`no orderer took it:\n  ${error.answers.join('\n  ')}`);
  });
  if (found === undefined) {
    throw new SubmissionError(
      `the orderers took it, and ${own.peer!.address} has not got it yet: look again later`,
    );
  }
  const bytes = (one: ChannelConfiguration) => groupMessage(one.root).serializeBinary();
  if (found.sequence > after.sequence || sameBytes(bytes(found), bytes(after))) return found;
  throw new SubmissionError(
    `configuration ${found.sequence} is another one: somebody changed the channel first`,
  );
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

interface Sender {
  readonly own: OwnPlace;
  readonly say: (line: string) => void;
}

/** Undefined where the orderer takes it; else its answer. */
async function sendTo(
  node: FabricNode,
  ceremony: Ceremony,
  { own, say }: Sender,
): Promise<string | undefined> {
  try {
    const { isTaken, words } = await broadcast(node, changeEnvelope(ceremony, administratorOf(own)));
    say(`${node.address}: ${words}`);
    return isTaken ? undefined : `${node.address}: ${inOurWords(words)}`;
  } catch (error) {
    if (!(error instanceof FabricNodeError)) throw error;
    say(error.message);
    return error.message;
  }
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
