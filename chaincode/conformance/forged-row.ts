// One row as its forger would like it: a transaction whose only result is that row's change, signed by peers that sign
// whatever they are given. A peer with a chaincode of its own could sign no more than that.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { canonicalJson } from '@consilium/domain';
import { lowS } from '@consilium/verify/testing/signature-forms';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Credentials, FabricConsortium } from './fabric-consortium.ts';

const { common, gateway, ledger, msp, peer } = fabricProtos;
const { KVMetadataEntry, KVMetadataWrite, KVRWSet, KVWrite } = ledger.rwset.kvrwset;
/** Fabric's name for a key-level endorsement policy among a key's metadata. */
const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

/** What is to become of one row. */
export interface RowChange {
  readonly key: string;
  /** What it is to hold, or that it is to go; as it is where absent. */
  readonly value?: Uint8Array | 'deleted';
  readonly policy?: Uint8Array | undefined;
}

/** Who signs as an organisation's peer. */
export class PeerKey {
  readonly #identity: Uint8Array;
  readonly #key: KeyObject;

  constructor(mspId: string, { certificate, privateKey }: Credentials) {
    const identity = new msp.SerializedIdentity();
    identity.setMspid(mspId);
    identity.setIdBytes(Buffer.from(certificate));
    this.#identity = identity.serializeBinary();
    this.#key = createPrivateKey(privateKey);
  }

  async endorse(payload: Uint8Array): Promise<InstanceType<typeof peer.Endorsement>> {
    const endorsement = new peer.Endorsement();
    endorsement.setEndorser(this.#identity);
    const endorsed = Buffer.concat([payload, this.#identity]);
    endorsement.setSignature(lowS(sign('sha256', endorsed, this.#key)));
    return endorsement;
  }
}

/** Orders the change, in a transaction of this organisation's client; which one it is, and in which block it ended. */
export async function orderForgery(
  consortium: FabricConsortium,
  sender: string,
  change: RowChange,
  endorsers: readonly PeerKey[],
): Promise<{ transactionId: string; blockNumber: bigint }> {
  const contract = consortium.network(sender).getContract(consortium.chaincode, 'audit');
  // Of a time that never was: it reads no row, whatever became of rows.
  const harmless = contract.newProposal('listActivities', {
    arguments: [canonicalJson({ by: 'all', from: '9999-01-01T00:00:00Z' })],
    endorsingOrganizations: [sender],
  });
  const prepared = gateway.PreparedTransaction.deserializeBinary((await harmless.endorse()).getBytes());
  const envelope = prepared.getEnvelope()!;
  await endorseOtherwise(envelope, endorsers, (result) => {
    result.setResults(resultsOf(consortium.chaincode, change));
  });
  envelope.setSignature('');
  const sent = await consortium.gateway(sender).newTransaction(prepared.serializeBinary()).submit();
  const { blockNumber, transactionId } = await sent.getStatus();
  return { transactionId, blockNumber };
}

/** Has the endorsers sign another outcome of an envelope's transaction. Its client's signature is then wrong. */
export async function endorseOtherwise(
  envelope: InstanceType<typeof common.Envelope>,
  endorsers: readonly PeerKey[],
  change: (outcome: InstanceType<typeof peer.ChaincodeAction>) => void,
): Promise<void> {
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
  const [action] = transaction.getActionsList();
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action!.getPayload_asU8());
  const endorsed = actionPayload.getAction()!;
  const response = peer.ProposalResponsePayload.deserializeBinary(endorsed.getProposalResponsePayload_asU8());
  const outcome = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  change(outcome);
  response.setExtension$(outcome.serializeBinary());
  const forged = response.serializeBinary();
  endorsed.setProposalResponsePayload(forged);
  endorsed.setEndorsementsList(await Promise.all(endorsers.map((endorser) => endorser.endorse(forged))));
  action!.setPayload(actionPayload.serializeBinary());
  payload.setData(transaction.serializeBinary());
  envelope.setPayload(payload.serializeBinary());
}

/** Nothing is read, so that no version is compared. */
function resultsOf(chaincode: string, { key, value, policy }: RowChange): Uint8Array {
  const set = new KVRWSet();
  if (value !== undefined) {
    const write = new KVWrite();
    write.setKey(key);
    if (value === 'deleted') write.setIsDelete(true);
    else write.setValue(value);
    set.setWritesList([write]);
  }
  if (policy !== undefined) {
    const entry = new KVMetadataEntry();
    entry.setName(VALIDATION_PARAMETER);
    entry.setValue(policy);
    const write = new KVMetadataWrite();
    write.setKey(key);
    write.setEntriesList([entry]);
    set.setMetadataWritesList([write]);
  }
  const named = new ledger.rwset.NsReadWriteSet();
  named.setNamespace(chaincode);
  named.setRwset(set.serializeBinary());
  const all = new ledger.rwset.TxReadWriteSet();
  all.setDataModel(ledger.rwset.TxReadWriteSet.DataModel.KV);
  all.setNsRwsetList([named]);
  return all.serializeBinary();
}
