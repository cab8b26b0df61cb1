/** Answers one state request of a running chaincode from its transaction's simulator. */
import { randomUUID } from 'node:crypto';
import { peer } from '../fabric-protos.ts';
import { ownerOfImplicitCollection } from '../ledger/implicit-collection.ts';
import type { KeyMetadata } from '../ledger/key-metadata.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { TransactionSimulator } from '../ledger/transaction-simulator.ts';
import { keyHistory } from './key-history.ts';
import { keyValueResult, nextResponse, type OpenQuery, openQuery } from './query-response.ts';

const { Type } = peer.ChaincodeMessage;
export type MessageType = (typeof Type)[keyof typeof Type];

export interface StateRequestContext {
  readonly channel: string;
  /** The chaincode whose state is meant. */
  readonly ns: string;
  readonly simulator: TransactionSimulator;
  readonly store: LedgerStore;
  readonly queries: Map<string, OpenQuery>;
}

/** @throws Error in Fabric's words when the request is refused. @returns the response's payload. */
export function answerStateRequest(
  type: MessageType,
  payload: Uint8Array,
  context: StateRequestContext,
): Uint8Array | undefined {
  const handler = HANDLERS.get(type);
  if (!handler) throw new Error(`cannot handle message (${messageTypeName(type)}) while in ready state`);
  return handler(payload, context);
}

export function isStateRequest(type: MessageType): boolean {
  return HANDLERS.has(type);
}

export function messageTypeName(type: number): string {
  return Object.entries(Type).find(([, value]) => value === type)?.[0] ?? String(type);
}

type Handler = (payload: Uint8Array, context: StateRequestContext) => Uint8Array | undefined;

const HANDLERS = new Map<number, Handler>([
  [Type.GET_STATE, getState],
  [Type.PUT_STATE, putState],
  [Type.DEL_STATE, deleteState],
  [Type.PURGE_PRIVATE_DATA, purge],
  [Type.GET_PRIVATE_DATA_HASH, getHash],
  [Type.GET_STATE_METADATA, getMetadata],
  [Type.PUT_STATE_METADATA, putMetadata],
  [Type.GET_STATE_BY_RANGE, range],
  [Type.GET_QUERY_RESULT, richQuery],
  [Type.GET_HISTORY_FOR_KEY, history],
  [Type.QUERY_STATE_NEXT, queryNext],
  [Type.QUERY_STATE_CLOSE, queryClose],
]);

function getState(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.GetState.deserializeBinary(payload);
  const coll = request.getCollection();
  if (coll === '') return simulator.getState(ns, request.getKey());
  checkDefined({ channel, ns, coll });
  return simulator.getPrivate(ns, coll, request.getKey());
}

function putState(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.PutState.deserializeBinary(payload);
  const coll = request.getCollection();
  // An empty value does not survive Fabric's encoding: writing one deletes the key.
  const value = request.getValue_asU8().length > 0 ? request.getValue_asU8() : undefined;
  if (coll === '') {
    simulator.putState(ns, request.getKey(), value);
  } else {
    checkDefined({ channel, ns, coll });
    simulator.putPrivate(ns, coll, request.getKey(), value);
  }
  return undefined;
}

function deleteState(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.DelState.deserializeBinary(payload);
  const coll = request.getCollection();
  if (coll === '') {
    simulator.putState(ns, request.getKey(), undefined);
  } else {
    checkDefined({ channel, ns, coll });
    simulator.putPrivate(ns, coll, request.getKey(), undefined);
  }
  return undefined;
}

function purge(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.DelState.deserializeBinary(payload);
  const coll = request.getCollection();
  if (coll === '') throw new Error('only applicable for private data');
  checkDefined({ channel, ns, coll });
  simulator.purgePrivate(ns, coll, request.getKey());
  return undefined;
}

function getHash(payload: Uint8Array, { ns, simulator }: StateRequestContext) {
  const request = peer.GetState.deserializeBinary(payload);
  return simulator.getPrivateHash(ns, request.getCollection(), request.getKey());
}

function getMetadata(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.GetStateMetadata.deserializeBinary(payload);
  const coll = request.getCollection();
  let metadata: KeyMetadata;
  if (coll === '') {
    metadata = simulator.getStateMetadata(ns, request.getKey());
  } else {
    checkDefined({ channel, ns, coll });
    metadata = simulator.getPrivateMetadata(ns, coll, request.getKey());
  }
  const result = new peer.StateMetadataResult();
  for (const [name, value] of metadata) {
    const entry = new peer.StateMetadata();
    entry.setMetakey(name);
    entry.setValue(value);
    result.addEntries(entry);
  }
  return result.serializeBinary();
}

function putMetadata(payload: Uint8Array, { ns, simulator, channel }: StateRequestContext) {
  const request = peer.PutStateMetadata.deserializeBinary(payload);
  const coll = request.getCollection();
  const entry = request.getMetadata();
  const metadata = new Map(entry ? [[entry.getMetakey(), entry.getValue_asU8()]] : []);
  if (coll === '') {
    simulator.putStateMetadata(ns, request.getKey(), metadata);
  } else {
    checkDefined({ channel, ns, coll });
    simulator.putPrivateMetadata({ ns, coll, key: request.getKey() }, metadata);
  }
  return undefined;
}

function range(payload: Uint8Array, context: StateRequestContext) {
  const { ns, simulator, channel } = context;
  const request = peer.GetStateByRange.deserializeBinary(payload);
  const coll = request.getCollection();
  const [start, end] = [request.getStartkey(), request.getEndkey()];
  const metadata = peer.QueryMetadata.deserializeBinary(request.getMetadata_asU8());
  const pageSize = metadata.getPagesize();
  const bookmark = metadata.getBookmark();
  if (coll !== '') {
    checkDefined({ channel, ns, coll });
    const entries = simulator.privateRange(ns, coll, start, end);
    return open(context, openQuery({ next: () => entryResult(ns, entries.next()) }));
  }
  if (pageSize === 0 && bookmark === '') {
    const entries = simulator.stateRange(ns, start, end);
    return open(context, openQuery({ next: () => entryResult(ns, entries.next()) }));
  }
  const entries = simulator.stateRangePage(ns, bookmark === '' ? start : bookmark, end, pageSize);
  const next = () => entryResult(ns, entries.next());
  return open(context, openQuery({ next, bookmark: () => entries.bookmark(), pageSize }));
}

function richQuery(payload: Uint8Array, { ns, channel }: StateRequestContext): never {
  const request = peer.GetQueryResult.deserializeBinary(payload);
  const coll = request.getCollection();
  if (coll !== '') checkDefined({ channel, ns, coll });
  const paged = peer.QueryMetadata.deserializeBinary(request.getMetadata_asU8());
  const method =
    paged.getPagesize() !== 0 || paged.getBookmark() !== '' ? 'ExecuteQueryWithMetadata' : 'ExecuteQuery';
  throw new Error(`${method} not supported for leveldb`);
}

function history(payload: Uint8Array, context: StateRequestContext) {
  const { ns, simulator, store } = context;
  const key = peer.GetHistoryForKey.deserializeBinary(payload).getKey();
  return open(context, openQuery({ next: keyHistory({ store, reader: simulator.reader, ns, key }) }));
}

function queryNext(payload: Uint8Array, context: StateRequestContext) {
  const id = peer.QueryStateNext.deserializeBinary(payload).getId();
  const query = context.queries.get(id);
  if (!query) throw new Error('query iterator not found');
  return respond(id, query, context);
}

function queryClose(payload: Uint8Array, context: StateRequestContext) {
  const id = peer.QueryStateClose.deserializeBinary(payload).getId();
  context.queries.delete(id);
  const response = new peer.QueryResponse();
  response.setId(id);
  return response.serializeBinary();
}

function open(context: StateRequestContext, query: OpenQuery): Uint8Array {
  const id = randomUUID();
  context.queries.set(id, query);
  return respond(id, query, context);
}

function respond(id: string, query: OpenQuery, context: StateRequestContext): Uint8Array {
  const { response, done } = nextResponse(id, query);
  if (done) context.queries.delete(id);
  return response.serializeBinary();
}

function entryResult(
  ns: string,
  entry: { key: string; value: Uint8Array } | undefined,
): Uint8Array | undefined {
  return entry && keyValueResult(ns, entry);
}

function checkDefined(place: { channel: string; ns: string; coll: string }): void {
  if (ownerOfImplicitCollection(place.coll) === undefined) {
    throw new Error(`collection ${place.channel}/${place.ns}/${place.coll} could not be found`);
  }
}
