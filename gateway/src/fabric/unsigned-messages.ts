// The bytes that a client signs, within what the SDK sends for it.
import { gateway } from '@hyperledger/fabric-protos';
import type { UnsignedMessage } from './ledger.ts';

/** @param encoded as the SDK's `Proposal.getBytes` gives it */
export function unsignedProposal(encoded: Uint8Array): UnsignedMessage {
  const proposed = gateway.ProposedTransaction.deserializeBinary(encoded);
  const message = proposed.getProposal()!.getProposalBytes_asU8();
  return { transactionId: proposed.getTransactionId(), message, encoded };
}

/** @param encoded as the SDK's `Transaction.getBytes` gives it */
export function unsignedTransaction(encoded: Uint8Array): UnsignedMessage {
  const prepared = gateway.PreparedTransaction.deserializeBinary(encoded);
  const message = prepared.getEnvelope()!.getPayload_asU8();
  return { transactionId: prepared.getTransactionId(), message, encoded };
}
