/** Endorser transactions taken apart: envelope, header, action, endorsements, results. */
import { common, ledger, peer } from '../fabric-protos.ts';

export interface ParsedTransaction {
  readonly channel: string;
  readonly txId: string;
  readonly timestamp: ReturnType<InstanceType<typeof common.ChannelHeader>['getTimestamp']>;
  readonly headerChaincode: string | undefined;
  readonly proposalResponsePayload: Uint8Array;
  readonly action: InstanceType<typeof peer.ChaincodeAction>;
  readonly endorsements: readonly InstanceType<typeof peer.Endorsement>[];
  /** The serialised read-write set. */
  readonly results: Uint8Array;
  readonly event: InstanceType<typeof peer.ChaincodeEvent> | undefined;
}

export interface ParsedHeader {
  readonly channelHeader: InstanceType<typeof common.ChannelHeader>;
  readonly signatureHeader: InstanceType<typeof common.SignatureHeader>;
  readonly header: InstanceType<typeof common.Header>;
}

export function parseHeader(bytesOrHeader: InstanceType<typeof common.Header> | undefined): ParsedHeader {
  if (!bytesOrHeader) throw new Error('no header');
  return {
    header: bytesOrHeader,
    channelHeader: common.ChannelHeader.deserializeBinary(bytesOrHeader.getChannelHeader_asU8()),
    signatureHeader: common.SignatureHeader.deserializeBinary(bytesOrHeader.getSignatureHeader_asU8()),
  };
}

/** @throws Error when the envelope does not hold one endorser transaction. */
export function parseTransaction(envelopeBytes: Uint8Array): ParsedTransaction {
  const envelope = common.Envelope.deserializeBinary(envelopeBytes);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const { channelHeader } = parseHeader(payload.getHeader());
  const extension = peer.ChaincodeHeaderExtension.deserializeBinary(channelHeader.getExtension_asU8());
  const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
  const [first] = transaction.getActionsList();
  if (!first) throw new Error('at least one TransactionAction required');
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(first.getPayload_asU8());
  const endorsed = actionPayload.getAction();
  if (!endorsed) throw new Error('no payload in ChaincodeActionPayload');
  const proposalResponsePayload = endorsed.getProposalResponsePayload_asU8();
  const response = peer.ProposalResponsePayload.deserializeBinary(proposalResponsePayload);
  const action = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  const events = action.getEvents_asU8();
  return {
    channel: channelHeader.getChannelId(),
    txId: channelHeader.getTxId(),
    timestamp: channelHeader.getTimestamp(),
    headerChaincode: extension.getChaincodeId()?.getName(),
    proposalResponsePayload,
    action,
    endorsements: endorsed.getEndorsementsList(),
    results: action.getResults_asU8(),
    event: events.length > 0 ? peer.ChaincodeEvent.deserializeBinary(events) : undefined,
  };
}

export interface NamespaceReadWriteSet {
  readonly ns: string;
  readonly kv: InstanceType<typeof ledger.rwset.kvrwset.KVRWSet>;
  readonly collections: readonly {
    readonly coll: string;
    readonly hashed: InstanceType<typeof ledger.rwset.kvrwset.HashedRWSet>;
    readonly privateHash: Uint8Array;
  }[];
}

export function parseReadWriteSet(bytes: Uint8Array): NamespaceReadWriteSet[] {
  return ledger.rwset.TxReadWriteSet.deserializeBinary(bytes)
    .getNsRwsetList()
    .map((set) => ({
      ns: set.getNamespace(),
      kv: ledger.rwset.kvrwset.KVRWSet.deserializeBinary(set.getRwset_asU8()),
      collections: set.getCollectionHashedRwsetList().map((collection) => ({
        coll: collection.getCollectionName(),
        hashed: ledger.rwset.kvrwset.HashedRWSet.deserializeBinary(collection.getHashedRwset_asU8()),
        privateHash: collection.getPvtRwsetHash_asU8(),
      })),
    }));
}
