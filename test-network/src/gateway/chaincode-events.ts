/**
 * Chaincode events as the gateway streams them: those of valid transactions, block by block, from where
 * asked.
 */
import { status } from '@grpc/grpc-js';
import { common, gateway, orderer, peer } from '../fabric-protos.ts';
import { type Block, transactionsFilter } from '../ledger/block.ts';
import type { Committer } from '../ledger/committer.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import { parseTransaction } from '../ledger/transaction.ts';
import { RpcError } from './rpc-error.ts';

type Request = InstanceType<typeof gateway.ChaincodeEventsRequest>;
type ChaincodeEvent = InstanceType<typeof peer.ChaincodeEvent>;

export async function* chaincodeEvents(
  request: Request,
  context: { readonly store: LedgerStore; readonly committer: Committer },
  signal: AbortSignal,
): AsyncGenerator<InstanceType<typeof gateway.ChaincodeEventsResponse>> {
  const matches = eventMatcher(request);
  for (let number = startBlock(request, context.store); ; number += 1) {
    const block = await context.committer.block(number, signal);
    const events = eventsOfBlock(block).filter(matches);
    if (events.length === 0) continue;
    const response = new gateway.ChaincodeEventsResponse();
    response.setBlockNumber(number);
    response.setEventsList(events);
    yield response;
  }
}

function eventMatcher(request: Request): (event: ChaincodeEvent) => boolean {
  const chaincode = request.getChaincodeId();
  const after = request.getAfterTransactionId();
  let passed = after === '';
  return (event) => {
    if (passed) return event.getChaincodeId() === chaincode;
    passed = event.getTxId() === after;
    return false;
  };
}

function startBlock(request: Request, store: LedgerStore): number {
  const after = request.getAfterTransactionId();
  const place = after === '' ? undefined : store.latest.transaction(after);
  if (place) return place.block;
  const position = request.getStartPosition();
  const { TypeCase } = orderer.SeekPosition;
  switch (position?.getTypeCase()) {
    case TypeCase.SPECIFIED:
      return position!.getSpecified()!.getNumber();
    case undefined:
    case TypeCase.TYPE_NOT_SET:
    case TypeCase.NEXT_COMMIT:
      return store.latest.height();
    default: {
      const name = position!.getTypeCase() === TypeCase.OLDEST ? 'Oldest' : 'Newest';
      throw new RpcError(
        status.INVALID_ARGUMENT,
        `invalid start position type: *orderer.SeekPosition_${name}`,
      );
    }
  }
}

function eventsOfBlock(block: Block): ChaincodeEvent[] {
  const filter = transactionsFilter(block);
  return block
    .getData()!
    .getDataList_asU8()
    .flatMap((envelope, at) => {
      if (filter[at] !== peer.TxValidationCode.VALID || !isEndorserTransaction(envelope)) return [];
      const { event } = parseTransaction(envelope);
      return event?.getChaincodeId() && event.getEventName() && event.getTxId() ? [event] : [];
    });
}

function isEndorserTransaction(envelopeBytes: Uint8Array): boolean {
  const envelope = common.Envelope.deserializeBinary(envelopeBytes);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const bytes = payload.getHeader()!.getChannelHeader_asU8();
  return common.ChannelHeader.deserializeBinary(bytes).getType() === common.HeaderType.ENDORSER_TRANSACTION;
}
