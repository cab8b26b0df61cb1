/** Puts a proposal and its endorsements together into the transaction that the client signs. */
import { common, peer } from '../fabric-protos.ts';
import type { SignedProposal } from '../peer/proposal.ts';

export function prepareTransaction(
  signed: SignedProposal,
  payload: Uint8Array,
  endorsements: readonly InstanceType<typeof peer.Endorsement>[],
): InstanceType<typeof common.Envelope> {
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const proposed = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const visible = new peer.ChaincodeProposalPayload();
  visible.setInput(proposed.getInput_asU8());
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(payload);
  endorsed.setEndorsementsList(distinct(endorsements));
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(visible.serializeBinary());
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(header.getSignatureHeader_asU8());
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);
  const envelopePayload = new common.Payload();
  envelopePayload.setHeader(header);
  envelopePayload.setData(transaction.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(envelopePayload.serializeBinary());
  return envelope;
}

function distinct(endorsements: readonly InstanceType<typeof peer.Endorsement>[]) {
  const byEndorser = new Map(
    endorsements.map((endorsement) => [endorsement.getEndorser_asB64(), endorsement]),
  );
  return [...byEndorser.values()];
}
