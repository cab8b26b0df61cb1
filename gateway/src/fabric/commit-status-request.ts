// A question for a transaction's outcome by its id alone: of an earlier life of this process, or where the answer to
// sending it was lost.
import { gateway, msp } from '@hyperledger/fabric-protos';

/** The bytes that the SDK's `newCommit` takes. `certificate` is the asker's PEM. */
export function commitStatusRequest(asked: {
  readonly mspId: string;
  readonly certificate: Uint8Array;
  readonly channel: string;
  readonly transactionId: string;
}): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(asked.mspId);
  identity.setIdBytes(asked.certificate);
  const request = new gateway.CommitStatusRequest();
  request.setChannelId(asked.channel);
  request.setTransactionId(asked.transactionId);
  request.setIdentity(identity.serializeBinary());
  const signed = new gateway.SignedCommitStatusRequest();
  signed.setRequest(request.serializeBinary());
  return signed.serializeBinary();
}
