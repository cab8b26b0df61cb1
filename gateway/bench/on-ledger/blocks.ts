// What transactions weigh on the ledger, read from the blocks themselves.
import { common, ledger, peer } from '@hyperledger/fabric-protos';

export interface Weight {
  readonly transactionId: string;
  /** Of the whole envelope in its block. */
  readonly bytes: number;
  readonly endorsements: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** Each endorsed transaction of a block. */
export function weightsIn(block: Uint8Array): Weight[] {
  const envelopes = common.Block.deserializeBinary(block).getData()!.getDataList_asU8();
  return envelopes.flatMap((bytes) => {
    const payload = common.Payload.deserializeBinary(
      common.Envelope.deserializeBinary(bytes).getPayload_asU8(),
    );
    const header = common.ChannelHeader.deserializeBinary(payload.getHeader()!.getChannelHeader_asU8());
    if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return [];
    const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
    const endorsed = peer.ChaincodeActionPayload.deserializeBinary(action!.getPayload_asU8()).getAction()!;
    const response = peer.ProposalResponsePayload.deserializeBinary(
      endorsed.getProposalResponsePayload_asU8(),
    );
    const results = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8()).getResults_asU8();
    const sets = ledger.rwset.TxReadWriteSet.deserializeBinary(results)
      .getNsRwsetList()
      .filter((set) => !set.getNamespace().startsWith('_'))
      .map((set) => ledger.rwset.kvrwset.KVRWSet.deserializeBinary(set.getRwset_asU8()));
    return [
      {
        transactionId: header.getTxId(),
        bytes: bytes.length,
        endorsements: endorsed.getEndorsementsList().length,
        rowsRead: sets.reduce((sum, set) => sum + set.getReadsList().length, 0),
        rowsWritten: sets.reduce((sum, set) => sum + set.getWritesList().length, 0),
      },
    ];
  });
}
