/** The questions about private data; values come in the transient map and never in arguments. */

import { type Context, Contract } from 'fabric-contract-api';

export class PrivateProbe extends Contract {
  constructor() {
    super('private');
  }

  /** Writes the transient value `value` to a collection. */
  async put(ctx: Context, collection: string, key: string): Promise<void> {
    await ctx.stub.putPrivateData(collection, key, transient(ctx, 'value'));
  }

  /** Writes to a collection and to public state in one transaction. */
  async putBoth(ctx: Context, collection: string, key: string): Promise<void> {
    await ctx.stub.putPrivateData(collection, key, transient(ctx, 'value'));
    await ctx.stub.putState(key, Buffer.from('public'));
  }

  async get(ctx: Context, collection: string, key: string): Promise<string> {
    return text(await ctx.stub.getPrivateData(collection, key));
  }

  async append(ctx: Context, collection: string, key: string): Promise<void> {
    const value = text(await ctx.stub.getPrivateData(collection, key)) + text(transient(ctx, 'value'));
    await ctx.stub.putPrivateData(collection, key, Buffer.from(value));
  }

  /** The hash as lower-case hex, or '' where there is none. */
  async hash(ctx: Context, collection: string, key: string): Promise<string> {
    return Buffer.from((await ctx.stub.getPrivateDataHash(collection, key)) ?? []).toString('hex');
  }

  async delete(ctx: Context, collection: string, key: string): Promise<void> {
    await ctx.stub.deletePrivateData(collection, key);
  }

  async purge(ctx: Context, collection: string, key: string): Promise<void> {
    await ctx.stub.purgePrivateData(collection, key);
  }

  async range(ctx: Context, collection: string, start: string, end: string): Promise<string> {
    const found: [string, string][] = [];
    // The typings promise an iterator; the shim of 2.5 resolves to an object that holds it.
    const answer = (await ctx.stub.getPrivateDataByRange(collection, start, end)) as unknown as {
      readonly iterator: Awaited<ReturnType<Context['stub']['getStateByRange']>>;
    };
    const { iterator } = answer;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      found.push([next.value.key, text(next.value.value)]);
    }
    await iterator.close();
    return JSON.stringify(found);
  }

  async setPolicy(ctx: Context, collection: string, key: string, policy: string): Promise<void> {
    await ctx.stub.setPrivateDataValidationParameter(collection, key, Buffer.from(policy, 'base64'));
  }
}

function transient(ctx: Context, name: string): Buffer {
  const value = ctx.stub.getTransient().get(name);
  if (value === undefined) throw new Error(`PROBE_REFUSED: no transient ${name}`);
  return Buffer.from(value);
}

function text(value: Uint8Array | undefined): string {
  return value === undefined ? '' : Buffer.from(value).toString('utf8');
}
