// Signatures of a channel's blocks, each with what was signed, by whom, and what this verifier says of it: for a second
// opinion on them.
import { type FabricBlock, lastConfigOf, readBlock } from '../blocks/fabric-block.ts';
import { signedByOrderers } from '../blocks/orderer-check.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { configurationOf } from '../channel/organisations.ts';
import type { SignedBytes } from '../identity/membership.ts';

/** Who signs a block: those who order it, who send its transactions, and who endorse them. */
export const SIGNERS = ['orderer', 'sender', 'endorser'] as const;
/** One of them. */
export type Signer = (typeof SIGNERS)[number];

export interface SampledSignature {
  readonly by: Signer;
  readonly block: number;
  readonly mspId: string;
  /** The certificate of who signed. */
  readonly pem: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  /** Whether this verifier says that it holds, of these bytes or of others. */
  readonly holds: (data: Uint8Array) => boolean;
}

/** Every signature of a block that is not the first, under the configuration in force. @throws UnreadableError */
export function signaturesIn(block: Uint8Array, configurationBlock: Uint8Array): SampledSignature[] {
  const read = readBlock(block);
  const configuration = configurationOf(configurationBlock);
  const sampled = (by: Signer, { identity, data, signature }: SignedBytes): SampledSignature => ({
    by,
    block: read.header.number,
    mspId: identity.mspId,
    pem: identity.pem,
    data,
    signature,
    holds: (bytes) => configuration.membership.refusalOf({ identity, data: bytes, signature }) === undefined,
  });
  const { orderers, senders, endorsers } = signedIn(read, configuration);
  return [
    ...orderers.map((one) => sampled('orderer', one)),
    ...senders.map((one) => sampled('sender', one)),
    ...endorsers.map((one) => sampled('endorser', one)),
  ];
}

function signedIn({ header, envelopes, orderers }: FabricBlock, configuration: ChannelConfiguration) {
  const read = envelopes.map(readEnvelope);
  return {
    orderers: signedByOrderers(header, orderers, configuration),
    senders: read.map(({ creator }) => creator),
    endorsers: read
      .filter(({ kind }) => kind === 'transaction')
      .flatMap((envelope) => readTransaction(envelope).endorsements),
  };
}

/** The number of the block that holds the configuration in force at a block. @throws UnreadableError */
export const configurationAt = (block: Uint8Array): number => lastConfigOf(readBlock(block).orderers);

/** So many of them, of each kind in turn, from the newest block back. */
export function sampleOf(signatures: readonly SampledSignature[], size: number): SampledSignature[] {
  const kinds = SIGNERS.map((by) => signatures.filter((one) => one.by === by).toReversed());
  const turns = Array.from({ length: size }, (_, i) => kinds.flatMap((of) => of.slice(i, i + 1)));
  return turns.flat().slice(0, size);
}
