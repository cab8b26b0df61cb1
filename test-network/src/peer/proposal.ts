/** A client's proposal taken apart, and the checks every peer makes before it runs anything. */
import { common, peer } from '../fabric-protos.ts';
import { sha256 } from '../ledger/sha256.ts';
import { parseHeader } from '../ledger/transaction.ts';
import type { Identity, Membership, SignedData } from '../msp/identity.ts';

export type SignedProposal = InstanceType<typeof peer.SignedProposal>;

export interface ParsedProposal {
  readonly signed: SignedProposal;
  readonly header: ReturnType<typeof parseHeader>;
  readonly channel: string;
  readonly txId: string;
  readonly chaincode: string;
  readonly input: InstanceType<typeof peer.ChaincodeInput>;
  readonly hash: Uint8Array;
  readonly hasTransient: boolean;
  readonly creator: Uint8Array;
}

/** @throws Error in Fabric's words. */
export function parseProposal(signed: SignedProposal): ParsedProposal {
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = parseHeader(common.Header.deserializeBinary(proposal.getHeader_asU8()));
  const extension = peer.ChaincodeHeaderExtension.deserializeBinary(header.channelHeader.getExtension_asU8());
  const chaincodeId = extension.getChaincodeId();
  if (!chaincodeId) throw new Error('ChaincodeHeaderExtension.ChaincodeId is nil');
  if (chaincodeId.getName() === '') throw new Error('ChaincodeHeaderExtension.ChaincodeId.Name is empty');
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8()).getChaincodeSpec();
  if (!spec) throw new Error('chaincode invocation spec did not contain chaincode spec');
  const input = spec.getInput();
  if (!input) throw new Error('chaincode input did not contain any input');
  const visible = new peer.ChaincodeProposalPayload();
  visible.setInput(payload.getInput_asU8());
  return {
    signed,
    header,
    channel: header.channelHeader.getChannelId(),
    txId: header.channelHeader.getTxId(),
    chaincode: chaincodeId.getName(),
    input,
    hash: sha256(
      header.header.getChannelHeader_asU8(),
      header.header.getSignatureHeader_asU8(),
      visible.serializeBinary(),
    ),
    hasTransient: payload.getTransientmapMap().getLength() > 0,
    creator: header.signatureHeader.getCreator_asU8(),
  };
}

/** @returns why the proposal is refused, in Fabric's words, or undefined. */
export function proposalRefusal(proposal: ParsedProposal, membership: Membership): string | undefined {
  const { header, txId, signed, creator, channel } = proposal;
  const { HeaderType } = common;
  const type = header.channelHeader.getType();
  if (type !== HeaderType.ENDORSER_TRANSACTION && type !== HeaderType.CONFIG) {
    const name = Object.entries(HeaderType).find(([, value]) => value === type)?.[0] ?? String(type);
    return `invalid header type ${name}`;
  }
  if (header.channelHeader.getEpoch() !== 0) return 'epoch is non-zero';
  const nonce = header.signatureHeader.getNonce_asU8();
  if (nonce.length === 0) return 'nonce is empty';
  if (creator.length === 0) return 'creator is empty';
  const expected = sha256(nonce, creator).toString('hex');
  if (txId !== expected) return `incorrectly computed txid '${txId}' -- expected '${expected}'`;
  if (signed.getSignature_asU8().length === 0) return 'empty signature bytes';
  let identity: Identity;
  try {
    identity = membership.deserialize(creator);
  } catch {
    return `access denied: channel [${channel}] creator org unknown, creator is malformed`;
  }
  const trusted =
    !identity.invalidBecause && identity.verify(signed.getProposalBytes_asU8(), signed.getSignature_asU8());
  return trusted ? undefined : `access denied: channel [${channel}] creator org [${identity.mspId}]`;
}

export function proposalSignature(proposal: ParsedProposal): SignedData {
  return {
    data: proposal.signed.getProposalBytes_asU8(),
    identity: proposal.creator,
    signature: proposal.signed.getSignature_asU8(),
  };
}
