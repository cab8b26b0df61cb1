/** Where a proposal wants to go, read as the gateway reads it before any peer has looked at it. */
import { status } from '@grpc/grpc-js';
import { common, peer } from '../fabric-protos.ts';
import type { SignedProposal } from '../peer/proposal.ts';
import { RpcError } from './rpc-error.ts';

export interface Target {
  readonly signed: SignedProposal;
  readonly channel: string;
  readonly txId: string;
  readonly chaincode: string;
  readonly hasTransient: boolean;
}

/** @throws RpcError unless channel and chaincode are named. */
export function readTarget(signed: SignedProposal | undefined): Target {
  const prefix = 'failed to unpack transaction proposal: ';
  const refuse = (reason: string) => new RpcError(status.INVALID_ARGUMENT, prefix + reason);
  if (!signed || signed.getProposalBytes_asU8().length === 0) throw refuse('a signed proposal is required');
  const target = parseTarget(signed, prefix);
  if (target.channel === '') throw refuse('no channel id provided');
  if (target.chaincode === '') {
    throw refuse(`no chaincode name is provided, channel id [${target.channel}]`);
  }
  return target;
}

/** @throws RpcError when the proposal cannot be taken apart. */
export function parseTarget(signed: SignedProposal, prefix = ''): Target {
  try {
    const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
    const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
    const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
    const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
    const spec = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8());
    return {
      signed,
      channel: channelHeader.getChannelId(),
      txId: channelHeader.getTxId(),
      chaincode: spec.getChaincodeSpec()?.getChaincodeId()?.getName() ?? '',
      hasTransient: payload.getTransientmapMap().getLength() > 0,
    };
  } catch (error) {
    throw new RpcError(status.INVALID_ARGUMENT, prefix + (error as Error).message);
  }
}
