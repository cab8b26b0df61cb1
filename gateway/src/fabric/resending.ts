// Whether a transaction may be sent again by itself. A second one of the same id never commits; but where a block holds
// several, Fabric's peers wait forever on a policy of a row that a duplicate of their block set
// (docs/concepts/threat-model.md, "Halting a channel").
import { common, gateway, ledger, orderer, peer } from '@hyperledger/fabric-protos';

const { kvrwset } = ledger.rwset;

/** The envelope of an endorsed transaction, as the gateway's SDK encodes it. */
export const envelopeIn = (prepared: Uint8Array): Uint8Array =>
  gateway.PreparedTransaction.deserializeBinary(prepared).getEnvelope()?.serializeBinary() ??
  new Uint8Array();

/** Whether an endorsed transaction, as the gateway's SDK encodes it, lays the policy of a row. */
export function setsPolicy(prepared: Uint8Array): boolean {
  const envelope = gateway.PreparedTransaction.deserializeBinary(prepared).getEnvelope();
  const payload = common.Payload.deserializeBinary(envelope?.getPayload_asU8() ?? new Uint8Array());
  const actions = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  return actions.some((action) => {
    const { ChaincodeActionPayload, ProposalResponsePayload, ChaincodeAction } = peer;
    const endorsed = ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8()).getAction();
    const response = ProposalResponsePayload.deserializeBinary(
      endorsed?.getProposalResponsePayload_asU8() ?? new Uint8Array(),
    );
    const results = ChaincodeAction.deserializeBinary(response.getExtension_asU8()).getResults_asU8();
    const spaces = ledger.rwset.TxReadWriteSet.deserializeBinary(results).getNsRwsetList();
    return spaces.some(
      (space) =>
        kvrwset.KVRWSet.deserializeBinary(space.getRwset_asU8()).getMetadataWritesList().length > 0 ||
        space
          .getCollectionHashedRwsetList()
          .some(
            (hashed) =>
              kvrwset.HashedRWSet.deserializeBinary(hashed.getHashedRwset_asU8()).getMetadataWritesList()
                .length > 0,
          ),
    );
  });
}

/** The block that holds the channel's configuration as it is at this one. */
export function configurationBlockOf(block: common.Block): number {
  const signatures = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.SIGNATURES];
  const value = common.Metadata.deserializeBinary(signatures ?? new Uint8Array()).getValue_asU8();
  const written = common.OrdererBlockMetadata.deserializeBinary(value);
  return written.getLastConfig()?.getIndex() ?? 0;
}

/** How many transactions a block may hold by the configuration in this one; undefined where none is in it. */
export function transactionsOfBlockMax(configurationBlock: common.Block): number | undefined {
  const [bytes] = configurationBlock.getData()?.getDataList_asU8() ?? [];
  const envelope = common.Envelope.deserializeBinary(bytes ?? new Uint8Array());
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const configuration = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8());
  const group = configuration.getConfig()?.getChannelGroup()?.getGroupsMap().get('Orderer');
  const size = group?.getValuesMap().get('BatchSize')?.getValue_asU8();
  return size && orderer.BatchSize.deserializeBinary(size).getMaxMessageCount();
}
