/**
 * One method per question the conformance suite asks about public state, its reading and its validation.
 * Nothing here depends on Consilium: any Fabric network can run it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type Context, Contract } from 'fabric-contract-api';

interface PageMetadata {
  readonly fetchedRecordsCount: number;
  readonly bookmark: string;
}

type Iterator = Awaited<ReturnType<Context['stub']['getStateByRange']>>;

export class StateProbe extends Contract {
  constructor() {
    super('state');
  }

  async put(ctx: Context, key: string, value: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.from(value));
    return value;
  }

  async get(ctx: Context, key: string): Promise<string> {
    return text(await ctx.stub.getState(key));
  }

  async delete(ctx: Context, key: string): Promise<void> {
    await ctx.stub.deleteState(key);
  }

  /** Writes, then reads the same key in the same transaction. */
  async putThenGet(ctx: Context, key: string, value: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.from(value));
    return text(await ctx.stub.getState(key));
  }

  async putTwice(ctx: Context, key: string, first: string, second: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(first));
    await ctx.stub.putState(key, Buffer.from(second));
  }

  async putThenDelete(ctx: Context, key: string, value: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(value));
    await ctx.stub.deleteState(key);
  }

  /** Writes a value of the size asked for, without carrying it in the proposal. */
  async putSized(ctx: Context, key: string, bytes: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.alloc(Number(bytes), 'x'));
    return bytes;
  }

  /** Depends on the version it read. */
  async append(ctx: Context, key: string, suffix: string): Promise<string> {
    const value = text(await ctx.stub.getState(key)) + suffix;
    await ctx.stub.putState(key, Buffer.from(value));
    return value;
  }

  async putAll(ctx: Context, valuesByKey: string): Promise<void> {
    for (const [key, value] of Object.entries(JSON.parse(valuesByKey) as Record<string, string>)) {
      await ctx.stub.putState(key, Buffer.from(value));
    }
  }

  async putComposite(ctx: Context, type: string, attributes: string, value: string): Promise<string> {
    const key = ctx.stub.createCompositeKey(type, JSON.parse(attributes) as string[]);
    await ctx.stub.putState(key, Buffer.from(value));
    return key;
  }

  async partial(ctx: Context, type: string, attributes: string): Promise<string> {
    const parts = JSON.parse(attributes) as string[];
    const rows = await entries(await ctx.stub.getStateByPartialCompositeKey(type, parts));
    return JSON.stringify(rows.map((row) => [ctx.stub.splitCompositeKey(row.key).attributes, row.value]));
  }

  async partialPage(ctx: Context, type: string, size: string, bookmark: string): Promise<string> {
    const page = await ctx.stub.getStateByPartialCompositeKeyWithPagination(type, [], Number(size), bookmark);
    const rows = await entries(page.iterator);
    const keys = rows.map((row) => ctx.stub.splitCompositeKey(row.key).attributes);
    return pageOf(keys, page.metadata);
  }

  async range(ctx: Context, start: string, end: string): Promise<string> {
    return JSON.stringify(await entries(await ctx.stub.getStateByRange(start, end)));
  }

  async rangePage(ctx: Context, start: string, end: string, size: string, bookmark: string): Promise<string> {
    const page = await ctx.stub.getStateByRangeWithPagination(start, end, Number(size), bookmark);
    const keys = (await entries(page.iterator)).map((row) => row.key);
    return pageOf(keys, page.metadata);
  }

  /** Writes first, then asks for a page: Fabric refuses one of the two orders. */
  async putThenPage(ctx: Context, key: string, value: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.from(value));
    const page = await ctx.stub.getStateByRangeWithPagination(key, `${key}~`, 10, '');
    return String((await entries(page.iterator)).length);
  }

  async pageThenPut(ctx: Context, key: string, value: string): Promise<string> {
    const page = await ctx.stub.getStateByRangeWithPagination(key, `${key}~`, 10, '');
    const found = (await entries(page.iterator)).length;
    await ctx.stub.putState(key, Buffer.from(value));
    return String(found);
  }

  /** Reads a whole range and writes the number of its rows elsewhere. */
  async countInto(ctx: Context, start: string, end: string, key: string): Promise<string> {
    const count = String((await entries(await ctx.stub.getStateByRange(start, end))).length);
    await ctx.stub.putState(key, Buffer.from(count));
    return count;
  }

  /** Reads only the first row of a range and writes its key elsewhere. */
  async firstInto(ctx: Context, start: string, end: string, key: string): Promise<string> {
    const iterator = await ctx.stub.getStateByRange(start, end);
    const first = await iterator.next();
    await iterator.close();
    const found = first.done ? '' : first.value.key;
    await ctx.stub.putState(key, Buffer.from(found));
    return found;
  }

  async history(ctx: Context, key: string): Promise<string> {
    const iterator = await ctx.stub.getHistoryForKey(key);
    const rows: object[] = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const { txId, value, isDelete, timestamp } = next.value;
      rows.push({ txId, value: text(value), isDelete, seconds: Number(timestamp.seconds) });
    }
    await iterator.close();
    return JSON.stringify(rows);
  }

  async query(ctx: Context, selector: string): Promise<string> {
    return JSON.stringify(await entries(await ctx.stub.getQueryResult(selector)));
  }

  /** Sets a key's policy to an encoded SignaturePolicyEnvelope (base64). */
  async setPolicy(ctx: Context, key: string, policy: string): Promise<void> {
    await ctx.stub.setStateValidationParameter(key, Buffer.from(policy, 'base64'));
  }

  async putWithPolicy(ctx: Context, key: string, value: string, policy: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(value));
    await ctx.stub.setStateValidationParameter(key, Buffer.from(policy, 'base64'));
  }

  async getPolicy(ctx: Context, key: string): Promise<string> {
    const policy = await ctx.stub.getStateValidationParameter(key);
    return policy === undefined ? '' : Buffer.from(policy).toString('base64');
  }

  async emit(ctx: Context, name: string, payload: string): Promise<void> {
    ctx.stub.setEvent(name, Buffer.from(payload));
  }

  async emitTwice(ctx: Context, first: string, second: string): Promise<void> {
    ctx.stub.setEvent(first, Buffer.from(first));
    ctx.stub.setEvent(second, Buffer.from(second));
  }

  async emitAndAppend(ctx: Context, name: string, key: string): Promise<void> {
    const value = text(await ctx.stub.getState(key));
    await ctx.stub.putState(key, Buffer.from(`${value}+`));
    ctx.stub.setEvent(name, Buffer.from(value));
  }

  async refuse(_ctx: Context, message: string): Promise<void> {
    throw new Error(message);
  }

  /** Refuses on the named organisations' peers (by comma) and writes on all others. */
  async putUnlessAt(ctx: Context, mspIds: string, key: string, value: string): Promise<string> {
    const here = ctx.stub.getMspID();
    if (mspIds.split(',').includes(here)) throw new Error(`PROBE_REFUSED: not at ${here}`);
    await ctx.stub.putState(key, Buffer.from(value));
    return value;
  }

  async putThenRefuse(ctx: Context, key: string, value: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(value));
    throw new Error('PROBE_REFUSED: after a write');
  }

  async sleep(_ctx: Context, milliseconds: string): Promise<string> {
    await delay(Number(milliseconds));
    return milliseconds;
  }

  /** Writes what differs from peer to peer. */
  async putPeer(ctx: Context, key: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(ctx.stub.getMspID()));
  }

  /** Writes the same everywhere, returns what differs. */
  async returnPeer(ctx: Context, key: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.from('same'));
    return ctx.stub.getMspID();
  }

  /** Writes and returns the same everywhere, but with another event payload on each peer. */
  async emitPeer(ctx: Context, key: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from('same'));
    ctx.stub.setEvent('peer', Buffer.from(ctx.stub.getMspID()));
  }

  async peer(ctx: Context): Promise<string> {
    return ctx.stub.getMspID();
  }

  async caller(ctx: Context): Promise<string> {
    const { clientIdentity } = ctx;
    return JSON.stringify({
      mspId: clientIdentity.getMSPID(),
      id: clientIdentity.getID(),
      role: clientIdentity.getAttributeValue('consilium.role'),
    });
  }

  async transaction(ctx: Context): Promise<string> {
    const { stub } = ctx;
    return JSON.stringify({
      id: stub.getTxID(),
      channel: stub.getChannelID(),
      arguments: stub.getArgs(),
      timestamp: stub.getDateTimestamp().toISOString(),
      binding: stub.getBinding(),
    });
  }

  async transientKeys(ctx: Context): Promise<string> {
    const values = [...ctx.stub.getTransient()].map(([name, value]) => [name, text(value)]);
    return JSON.stringify(Object.fromEntries(values.sort()));
  }

  /** Calls another chaincode's function with arguments given as a JSON array; channel '' is this one. */
  async call(ctx: Context, chaincode: string, channel: string, args: string): Promise<string> {
    const response = await ctx.stub.invokeChaincode(chaincode, JSON.parse(args) as string[], channel);
    return JSON.stringify({
      status: response.status,
      message: response.message,
      payload: text(response.payload),
    });
  }

  async callThenEmit(ctx: Context, chaincode: string, args: string, name: string): Promise<void> {
    await ctx.stub.invokeChaincode(chaincode, JSON.parse(args) as string[], '');
    ctx.stub.setEvent(name, Buffer.from('outer'));
  }
}

/** The shim leaves the metadata out where a page is empty, whatever its typings promise. */
function pageOf(keys: unknown, metadata: Partial<PageMetadata> | undefined): string {
  return JSON.stringify({
    keys,
    fetched: metadata?.fetchedRecordsCount ?? null,
    bookmark: metadata?.bookmark ?? null,
  });
}

function text(value: Uint8Array | undefined): string {
  return value === undefined ? '' : Buffer.from(value).toString('utf8');
}

async function entries(iterator: Iterator): Promise<{ key: string; value: string }[]> {
  const rows: { key: string; value: string }[] = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    rows.push({ key: next.value.key, value: text(next.value.value) });
  }
  await iterator.close();
  return rows;
}
