import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { common } from '../fabric-protos.ts';
import { createAuthority, issueIdentity } from '../identities/authority.ts';
import { Committer } from '../ledger/committer.ts';
import { LedgerStore } from '../ledger/ledger-store.ts';
import { Membership } from '../msp/identity.ts';
import { createSigningIdentity, type SigningIdentity } from '../msp/signing-identity.ts';
import { InFlight } from './in-flight.ts';
import { Orderer } from './orderer.ts';

const CHANNEL = 'consortium';
const { Status } = common;

describe('the orderer', () => {
  const dir = mkdtempSync(join(tmpdir(), 'consilium-orderer-'));
  const stores: LedgerStore[] = [];
  let membership: Membership;
  let client: SigningIdentity;
  let peer: SigningIdentity;
  let expired: SigningIdentity;

  before(async () => {
    const authority = await createAuthority('ca.org1', 'org1');
    membership = new Membership([{ mspId: 'Org1MSP', caCertificatePem: authority.certificatePem }]);
    const issue = async (unit: 'client' | 'peer', notAfter?: Date) => {
      const request = { commonName: unit, organizationalUnit: unit, organization: 'org1' } as const;
      const dates = notAfter ? { notBefore: new Date(0), notAfter } : {};
      const pair = await issueIdentity(authority, { ...request, ...dates });
      return createSigningIdentity({ mspId: 'Org1MSP', ...pair });
    };
    client = await issue('client');
    peer = await issue('peer');
    expired = await issue('client', new Date(86_400_000));
  });
  after(() => {
    for (const store of stores) store.close();
    rmSync(dir, { recursive: true });
  });

  function start(options: { readonly batchTimeoutMs?: number; readonly maxMessageCount?: number } = {}) {
    const store = new LedgerStore(join(dir, `${stores.length}.sqlite`));
    stores.push(store);
    const committer = new Committer(store, { channel: CHANNEL, membership, mspIds: ['Org1MSP'] });
    const inFlight = new InFlight();
    const orderer = new Orderer({
      channel: CHANNEL,
      membership,
      identity: peer,
      committer,
      inFlight,
      batchTimeoutMs: 10_000,
      maxMessageCount: 500,
      absoluteMaxBytes: 20_000,
      preferredMaxBytes: 10_000,
      ...options,
    });
    const sizes = () =>
      Array.from({ length: committer.height }, (_, at) => store.block(at)!.getData()!.getDataList().length);
    return { orderer, committer, inFlight, sizes };
  }

  function envelope(options: {
    readonly signer?: SigningIdentity;
    readonly claimed?: SigningIdentity;
    readonly channel?: string;
    readonly bytes?: number;
    readonly type?: number;
  }): InstanceType<typeof common.Envelope> {
    const signer = options.signer ?? client;
    const channelHeader = new common.ChannelHeader();
    channelHeader.setChannelId(options.channel ?? CHANNEL);
    channelHeader.setType(options.type ?? common.HeaderType.ENDORSER_TRANSACTION);
    channelHeader.setTxId(Math.random().toString(16).slice(2));
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator((options.claimed ?? signer).serialized);
    const header = new common.Header();
    header.setChannelHeader(channelHeader.serializeBinary());
    header.setSignatureHeader(signatureHeader.serializeBinary());
    const payload = new common.Payload();
    payload.setHeader(header);
    payload.setData(Buffer.alloc(options.bytes ?? 10));
    const bytes = payload.serializeBinary();
    const message = new common.Envelope();
    message.setPayload(bytes);
    message.setSignature(signer.sign(bytes));
    return message;
  }

  it('refuses whom the channel does not let write, and says why', () => {
    const { orderer, sizes } = start();
    const cases = [
      [{ signer: peer }, Status.FORBIDDEN, /'Writers' sub-policies to be satisfied: permission denied/],
      [{ signer: client, claimed: expired }, Status.BAD_REQUEST, /broadcast client identity expired/],
      [{ channel: 'elsewhere' }, Status.BAD_REQUEST, /channel does not exist/],
      [{ bytes: 30_000 }, Status.BAD_REQUEST, /exceeds maximum allowed 20000 bytes/],
      [{ type: common.HeaderType.CONFIG }, Status.BAD_REQUEST, /cannot be processed directly/],
      [{ type: common.HeaderType.CONFIG_UPDATE }, Status.BAD_REQUEST, /does not change its configuration/],
    ] as const;
    for (const [options, status, expected] of cases) {
      const answer = orderer.broadcast(envelope(options));
      assert.equal(answer.status, status, JSON.stringify(options));
      assert.match(answer.info, expected);
    }
    orderer.stop();
    assert.deepEqual(sizes(), []);
  });

  it('cuts a block at the message count', () => {
    const { orderer, sizes } = start({ maxMessageCount: 3 });
    for (let at = 0; at < 7; at += 1) orderer.broadcast(envelope({}));
    assert.deepEqual(sizes(), [3, 3]);
    orderer.stop();
    assert.deepEqual(sizes(), [3, 3, 1], 'stopping loses nothing that was accepted');
  });

  it('gives a large message a block of its own, after what came before it', () => {
    const { orderer, sizes } = start();
    orderer.broadcast(envelope({}));
    orderer.broadcast(envelope({ bytes: 15_000 }));
    assert.deepEqual(sizes(), [1, 1]);
    orderer.broadcast(envelope({ bytes: 6_000 }));
    orderer.broadcast(envelope({ bytes: 6_000 }));
    assert.deepEqual(sizes(), [1, 1, 1], 'both together would be more than a block prefers');
    orderer.stop();
  });

  it('does not wait when nothing else is on its way', async () => {
    const { orderer, committer, sizes } = start();
    const first = committer.block(0, new AbortController().signal);
    orderer.broadcast(envelope({}));
    await first;
    assert.deepEqual(sizes(), [1]);
  });

  it('waits for a transaction that is being endorsed, and takes both into one block', async () => {
    const { orderer, committer, inFlight, sizes } = start();
    const endorsing = Promise.withResolvers<void>();
    const second = envelope({});
    const header = common.Payload.deserializeBinary(second.getPayload_asU8()).getHeader()!;
    const txId = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()).getTxId();
    const endorsed = inFlight.endorsing(txId, () => endorsing.promise);
    const block = committer.block(0, new AbortController().signal);
    orderer.broadcast(envelope({}));
    await new Promise((wake) => setTimeout(wake, 40));
    endorsing.resolve();
    await endorsed;
    orderer.broadcast(second);
    await block;
    assert.deepEqual(sizes(), [2]);
  });

  it('accepts nothing after it stopped', () => {
    const { orderer } = start();
    orderer.stop();
    assert.equal(orderer.broadcast(envelope({})).status, Status.SERVICE_UNAVAILABLE);
  });
});
