/** How query results travel to the chaincode: in batches of a hundred, or one page with its bookmark. */
import { ledger, peer } from '../fabric-protos.ts';

const BATCH = 100;
/** Fabric's default `ledger.state.totalQueryLimit`. */
const TOTAL_LIMIT = 100_000;

/** One open query of a transaction. */
export interface OpenQuery {
  next(): Uint8Array | undefined;
  bookmark?(): string;
  readonly pageSize: number;
  returned: number;
  /** The entry that was read but did not fit into the last batch. */
  pending: Uint8Array | undefined;
}

export function openQuery(options: {
  readonly next: () => Uint8Array | undefined;
  readonly bookmark?: () => string;
  readonly pageSize?: number;
}): OpenQuery {
  return { pageSize: 0, ...options, returned: 0, pending: undefined };
}

/** @returns the response and whether the query is over. */
export function nextResponse(
  id: string,
  query: OpenQuery,
): { readonly response: InstanceType<typeof peer.QueryResponse>; readonly done: boolean } {
  const paged = query.bookmark !== undefined;
  const limit = query.pageSize > 0 ? Math.min(query.pageSize, TOTAL_LIMIT) : TOTAL_LIMIT;
  const batch: Uint8Array[] = [];
  if (query.pending) batch.push(query.pending);
  query.pending = undefined;
  const response = new peer.QueryResponse();
  response.setId(id);
  while (query.returned < limit) {
    const result = query.next();
    if (result === undefined) break;
    query.returned += 1;
    if (!paged && batch.length === BATCH) {
      query.pending = result;
      response.setHasMore(true);
      break;
    }
    batch.push(result);
  }
  response.setResultsList(batch.map(resultBytes));
  if (paged) {
    const metadata = new peer.QueryResponseMetadata();
    metadata.setFetchedRecordsCount(query.returned);
    metadata.setBookmark(query.bookmark!());
    response.setMetadata(metadata.serializeBinary());
  }
  return { response, done: !response.getHasMore() };
}

export function keyValueResult(ns: string, entry: { key: string; value: Uint8Array }): Uint8Array {
  const result = new ledger.queryresult.KV();
  result.setNamespace(ns);
  result.setKey(entry.key);
  result.setValue(entry.value);
  return result.serializeBinary();
}

function resultBytes(bytes: Uint8Array): InstanceType<typeof peer.QueryResultBytes> {
  const message = new peer.QueryResultBytes();
  message.setResultbytes(bytes);
  return message;
}
