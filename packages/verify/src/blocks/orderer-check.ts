// Whether those who order the channel signed a block: under Raft one of them, under BFT a quorum of the consenters that
// the configuration in force names. The policy BlockValidation says which.

import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { type ClaimedIdentity, readIdentity, type SignedBytes } from '../identity/membership.ts';
import { concatBytes } from '../wire/bytes.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import { type BlockHeader, headerBytes } from './block-header.ts';
import type { OrdererSignature, OrdererWord } from './fabric-block.ts';

const BLOCK_VALIDATION = '/Channel/Orderer/BlockValidation';

/** The organisations whose orderers signed, or why their signatures are not enough. @throws UnreadableError */
export function checkOrderers(
  header: BlockHeader,
  word: OrdererWord,
  configuration: ChannelConfiguration,
): { readonly signers: readonly string[] } | { readonly problem: string } {
  const signed = signedByOrderers(header, word, configuration);
  if (signed.length === 0) return { problem: 'no orderer signed it' };
  const checked = new Set<string | undefined>();
  for (const one of signed) {
    const signer = certificateOf(one.identity, configuration);
    // Once is enough, and all that counts: whoever has one key could sign any number of times.
    if (signer !== undefined && checked.has(signer)) continue;
    checked.add(signer);
    // As peers, which pass it over: the quorum is of the others.
    if (configuration.membership.unjudgedBecause(one.identity.mspId) !== undefined) continue;
    const refusal = configuration.membership.refusalOf(one);
    if (refusal !== undefined) return { problem: refusal };
  }
  if (!configuration.satisfies(BLOCK_VALIDATION, signed)) {
    return { problem: `its ${signed.length} signatures of orderers are not those that the channel asks for` };
  }
  const { membership } = configuration;
  return { signers: membership.signersOf(signed).map(({ mspId }) => mspId) };
}

/** The signatures of orderers with what each signed. @throws UnreadableError where the channel has no such orderer */
export function signedByOrderers(
  header: BlockHeader,
  { value, signatures }: OrdererWord,
  configuration: ChannelConfiguration,
): SignedBytes[] {
  return signatures.map((one) => {
    const named = one.signatureHeader.length > 0 ? one.signatureHeader : one.identifierHeader;
    return {
      identity: signerOf(one, configuration),
      get data() {
        return concatBytes([value, named, headerBytes(header)]);
      },
      signature: one.signature,
    };
  });
}

/** The certificate's own digest: one can be written as PEM in many ways. */
function certificateOf(identity: ClaimedIdentity, { membership }: ChannelConfiguration): string | undefined {
  try {
    return `${identity.mspId}:${membership.judge(identity).certificate.sha256}`;
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

function signerOf(
  { signatureHeader, identifierHeader }: OrdererSignature,
  { consensus, consenters }: ChannelConfiguration,
): ClaimedIdentity {
  if (signatureHeader.length > 0) {
    return readIdentity(new Message('signature header', signatureHeader).bytes(1));
  }
  const id = new Message('number of an orderer', identifierHeader).number(1);
  const consenter = consenters.find((one) => one.id === id);
  if (consensus !== 'BFT' || consenter === undefined) {
    throw new UnreadableError(`the configuration has no orderer of the number ${id}`);
  }
  return consenter;
}
