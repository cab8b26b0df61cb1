/** Blocks without their contents: transaction ids, codes and the names of chaincode events. */
import { common, peer } from '../fabric-protos.ts';
import { type Block, transactionsFilter } from '../ledger/block.ts';
import { parseHeader, parseTransaction } from '../ledger/transaction.ts';

export function filterBlock(block: Block): InstanceType<typeof peer.FilteredBlock> {
  const filtered = new peer.FilteredBlock();
  filtered.setNumber(block.getHeader()!.getNumber());
  const codes = transactionsFilter(block);
  block
    .getData()!
    .getDataList_asU8()
    .forEach((bytes, at) => {
      const header = headerOf(bytes);
      if (!header) return;
      const { channelHeader } = header;
      filtered.setChannelId(channelHeader.getChannelId());
      const transaction = new peer.FilteredTransaction();
      transaction.setTxid(channelHeader.getTxId());
      transaction.setType(channelHeader.getType() as never);
      transaction.setTxValidationCode((codes[at] ?? peer.TxValidationCode.NOT_VALIDATED) as never);
      if (channelHeader.getType() === common.HeaderType.ENDORSER_TRANSACTION) {
        transaction.setTransactionActions(filteredActions(bytes));
      }
      filtered.addFilteredTransactions(transaction);
    });
  return filtered;
}

function headerOf(bytes: Uint8Array): ReturnType<typeof parseHeader> | undefined {
  try {
    const envelope = common.Envelope.deserializeBinary(bytes);
    return parseHeader(common.Payload.deserializeBinary(envelope.getPayload_asU8()).getHeader());
  } catch {
    return undefined;
  }
}

function filteredActions(bytes: Uint8Array): InstanceType<typeof peer.FilteredTransactionActions> {
  const actions = new peer.FilteredTransactionActions();
  let event: InstanceType<typeof peer.ChaincodeEvent> | undefined;
  try {
    event = parseTransaction(bytes).event;
  } catch {
    return actions;
  }
  if (!event || event.getChaincodeId() === '') return actions;
  const visible = new peer.ChaincodeEvent();
  visible.setTxId(event.getTxId());
  visible.setChaincodeId(event.getChaincodeId());
  visible.setEventName(event.getEventName());
  const action = new peer.FilteredChaincodeAction();
  action.setChaincodeEvent(visible);
  actions.addChaincodeActions(action);
  return actions;
}
