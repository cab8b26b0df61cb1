/** `qscc`, the system chaincode through which clients read blocks and transactions by number, hash or id. */
import { common, peer } from '../fabric-protos.ts';
import { blockHash, transactionsFilter } from '../ledger/block.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';

type Response = InstanceType<typeof peer.Response>;

export interface LedgerQueryContext {
  readonly channel: string;
  readonly store: LedgerStore;
  /** Why the caller may not read the channel, or undefined. */
  readonly accessFailure: () => string | undefined;
}

export function queryLedger(args: readonly Uint8Array[], context: LedgerQueryContext): Response {
  const [name, channel] = args.map((arg) => Buffer.from(arg).toString('utf8'));
  if (name === undefined || channel === undefined) {
    return failure(`Incorrect number of arguments, ${args.length}`);
  }
  if (name !== 'GetChainInfo' && args.length < 3) return failure(`missing 3rd argument for ${name}`);
  if (channel !== context.channel) return failure(`Invalid chain ID, ${channel}`);
  const denied = context.accessFailure();
  if (denied) return failure(`access denied for [${name}][${channel}]: [${denied}]`);
  const argument = args[2] ?? new Uint8Array();
  const text = Buffer.from(argument).toString('utf8');
  const { store } = context;
  switch (name) {
    case 'GetChainInfo':
      return success(chainInfo(store));
    case 'GetBlockByNumber':
      return blockByNumber(store, text);
    case 'GetBlockByHash': {
      const number = store.latest.blockNumberByHash(argument);
      if (number === undefined) {
        const hash = Buffer.from(argument).toString('hex');
        return failure(`Failed to get block hash ${text}, error no such block hash [${hash}] in index`);
      }
      return success(store.block(number)!.serializeBinary());
    }
    case 'GetBlockByTxID': {
      const place = store.latest.transaction(text);
      if (!place) {
        return failure(
          `Failed to get block for txID ${text}, error no such transaction ID [${text}] in index`,
        );
      }
      return success(store.block(place.block)!.serializeBinary());
    }
    case 'GetTransactionByID':
      return transactionById(store, text);
    default:
      return failure(`Requested function ${name} not found.`);
  }
}

function chainInfo(store: LedgerStore): Uint8Array {
  const height = store.latest.height();
  const header = store.block(height - 1)!.getHeader()!;
  const info = new common.BlockchainInfo();
  info.setHeight(height);
  info.setCurrentblockhash(blockHash(header));
  info.setPreviousblockhash(header.getPreviousHash_asU8());
  return info.serializeBinary();
}

function blockByNumber(store: LedgerStore, text: string): Response {
  if (!/^\d+$/.test(text)) {
    const problem = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    return failure(`Failed to parse block number with error ${problem}`);
  }
  // Fabric answers the greatest 64-bit number with the newest block.
  const newest = text === '18446744073709551615';
  const block = store.block(newest ? store.latest.height() - 1 : Number(text));
  if (!block) {
    return failure(`Failed to get block number ${text}, error no such block number [${text}] in index`);
  }
  return success(block.serializeBinary());
}

function transactionById(store: LedgerStore, txId: string): Response {
  const place = store.latest.transaction(txId);
  if (!place) {
    return failure(
      `Failed to get transaction with id ${txId}, error no such transaction ID [${txId}] in index`,
    );
  }
  const block = store.block(place.block)!;
  const processed = new peer.ProcessedTransaction();
  processed.setTransactionenvelope(
    common.Envelope.deserializeBinary(block.getData()!.getDataList_asU8()[place.tx]!),
  );
  processed.setValidationcode(transactionsFilter(block)[place.tx]!);
  return success(processed.serializeBinary());
}

function success(payload: Uint8Array): Response {
  const response = new peer.Response();
  response.setStatus(200);
  response.setPayload(payload);
  return response;
}

function failure(message: string): Response {
  const response = new peer.Response();
  response.setStatus(500);
  response.setMessage(message);
  return response;
}
