/** Taking an endorsed transaction apart and putting it together again, as a dishonest client would. */

import { createHash } from 'node:crypto';
import type { Proposal, Transaction } from '@hyperledger/fabric-gateway';
import { common, gateway, msp, peer } from '@hyperledger/fabric-protos';
import type { LedgerClient } from './ledger-client.ts';

/** The parts of a transaction a forger may change; each is decoded from the transaction's own bytes. */
export interface Parts {
  readonly channelHeader: common.ChannelHeader;
  readonly signatureHeader: common.SignatureHeader;
  readonly actionHeader: common.SignatureHeader;
  readonly proposalPayload: peer.ChaincodeProposalPayload;
  readonly responsePayload: peer.ProposalResponsePayload;
  readonly action: peer.ChaincodeAction;
  endorsements: peer.Endorsement[];
  /** How often the transaction's one action is repeated. */
  copies: number;
}

/** A transaction like the given one with `change` applied, to be signed by `signer` when it is submitted. */
export function forge(
  transaction: Transaction,
  signer: LedgerClient,
  change: (parts: Parts) => void,
): Transaction {
  const prepared = gateway.PreparedTransaction.deserializeBinary(transaction.getBytes());
  const payload = common.Payload.deserializeBinary(prepared.getEnvelope()!.getPayload_asU8());
  const header = payload.getHeader()!;
  const whole = peer.Transaction.deserializeBinary(payload.getData_asU8());
  const [transactionAction] = whole.getActionsList();
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(transactionAction!.getPayload_asU8());
  const endorsed = actionPayload.getAction()!;
  const responsePayload = peer.ProposalResponsePayload.deserializeBinary(
    endorsed.getProposalResponsePayload_asU8(),
  );

  const parts: Parts = {
    channelHeader: common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()),
    signatureHeader: common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8()),
    actionHeader: common.SignatureHeader.deserializeBinary(transactionAction!.getHeader_asU8()),
    proposalPayload: peer.ChaincodeProposalPayload.deserializeBinary(
      actionPayload.getChaincodeProposalPayload_asU8(),
    ),
    responsePayload,
    action: peer.ChaincodeAction.deserializeBinary(responsePayload.getExtension_asU8()),
    endorsements: endorsed.getEndorsementsList(),
    copies: 1,
  };
  change(parts);

  responsePayload.setExtension$(parts.action.serializeBinary());
  endorsed.setProposalResponsePayload(responsePayload.serializeBinary());
  endorsed.setEndorsementsList(parts.endorsements);
  actionPayload.setChaincodeProposalPayload(parts.proposalPayload.serializeBinary());
  transactionAction!.setHeader(parts.actionHeader.serializeBinary());
  transactionAction!.setPayload(actionPayload.serializeBinary());
  whole.setActionsList(Array.from({ length: parts.copies }, () => transactionAction!));
  header.setChannelHeader(parts.channelHeader.serializeBinary());
  header.setSignatureHeader(parts.signatureHeader.serializeBinary());
  payload.setData(whole.serializeBinary());
  return resign(prepared, payload.serializeBinary(), signer, parts.channelHeader.getTxId());
}

/** The transaction unchanged, but signed by another client. */
export function signedBy(transaction: Transaction, signer: LedgerClient): Transaction {
  const prepared = gateway.PreparedTransaction.deserializeBinary(transaction.getBytes());
  const payload = prepared.getEnvelope()!.getPayload_asU8();
  return resign(prepared, payload, signer, transaction.getTransactionId());
}

function resign(
  prepared: gateway.PreparedTransaction,
  payload: Uint8Array,
  signer: LedgerClient,
  transactionId: string,
): Transaction {
  const envelope = new common.Envelope();
  envelope.setPayload(payload);
  prepared.setEnvelope(envelope);
  prepared.setTransactionId(transactionId);
  return signer.gateway.newTransaction(prepared.serializeBinary());
}

export function serializedIdentity(client: LedgerClient): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(client.identity.mspId);
  identity.setIdBytes(client.identity.credentials);
  return identity.serializeBinary();
}

/** An endorsement of the parts' result that a client made with its own key. */
export async function endorseAsClient(parts: Parts, client: LedgerClient): Promise<peer.Endorsement> {
  const endorser = serializedIdentity(client);
  const message = Buffer.concat([parts.responsePayload.serializeBinary(), endorser]);
  const endorsement = new peer.Endorsement();
  endorsement.setEndorser(endorser);
  endorsement.setSignature(await client.sign(message));
  return endorsement;
}

/** The parts of a proposal a forger may change before signing it. */
export interface ProposalParts {
  readonly channelHeader: common.ChannelHeader;
  readonly signatureHeader: common.SignatureHeader;
  readonly payload: peer.ChaincodeProposalPayload;
}

/** A proposal like the given one with `change` applied, to be signed by `signer`. */
export function forgeProposal(
  proposal: Proposal,
  signer: LedgerClient,
  change: (parts: ProposalParts) => void,
): Proposal {
  const proposed = gateway.ProposedTransaction.deserializeBinary(proposal.getBytes());
  const inner = peer.Proposal.deserializeBinary(proposed.getProposal()!.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(inner.getHeader_asU8());
  const parts: ProposalParts = {
    channelHeader: common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()),
    signatureHeader: common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8()),
    payload: peer.ChaincodeProposalPayload.deserializeBinary(inner.getPayload_asU8()),
  };
  change(parts);
  header.setChannelHeader(parts.channelHeader.serializeBinary());
  header.setSignatureHeader(parts.signatureHeader.serializeBinary());
  inner.setHeader(header.serializeBinary());
  inner.setPayload(parts.payload.serializeBinary());
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(inner.serializeBinary());
  proposed.setProposal(signed);
  proposed.setTransactionId(parts.channelHeader.getTxId());
  return signer.gateway.newProposal(proposed.serializeBinary());
}

/** The transaction id Fabric derives from a signature header. */
export function transactionIdOf(signatureHeader: common.SignatureHeader): string {
  const nonce = signatureHeader.getNonce_asU8();
  return createHash('sha256').update(nonce).update(signatureHeader.getCreator_asU8()).digest('hex');
}
