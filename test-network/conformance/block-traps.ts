/**
 * Envelopes that an orderer accepts from any client of the channel, and that keep a peer of Fabric (seen on 3.1.5
 * and 2.5.16) from ever committing their block when a transaction that writes follows in it: the validator of the
 * second waits for a word about the first that is never said, or falls over it. Where a block holds one transaction
 * they are only invalid.
 */

import { createHash, randomBytes } from 'node:crypto';
import type { Transaction } from '@hyperledger/fabric-gateway';
import { common, peer } from '@hyperledger/fabric-protos';
import { forge, serializedIdentity, transactionIdOf } from './forgery.ts';
import type { LedgerClient } from './ledger-client.ts';
import { submitEnvelope } from './raw-gateway.ts';
import { allOf, encodePolicy, peerOf } from './signature-policies.ts';
import type { Subject } from './subject.ts';

/** What one member can do alone, to another member's row. */
export interface Trap {
  readonly attacker: LedgerClient;
  readonly subject: Subject;
  /** The row whose honest change comes next. */
  readonly key: string;
}

/** Each prepares its envelope, and gives what sends it to the orderer. */
export const TRAPS: Readonly<Record<string, (trap: Trap) => Promise<() => Promise<unknown>>>> = {
  /** Sends a transaction once more that set the row's policy, and is in an earlier block. */
  async 'repeated-policy'({ attacker, subject, key }) {
    const { probe, mspIds } = subject;
    const policy = encodePolicy(allOf(mspIds.map(peerOf)));
    const repeated = await attacker.endorse(probe, 'putWithPolicy', { args: [key, 'guarded', policy] });
    await attacker.send(repeated);
    return () => repeated.submit();
  },

  /** Sets the row's policy under a wrong transaction id, endorsed by nobody but the attacker's own peer. */
  async 'misnamed-policy'({ attacker, subject, key }) {
    const { probe } = subject;
    const policy = encodePolicy(peerOf(attacker.mspId));
    const at = [attacker.mspId];
    const endorsed = await attacker.endorse(probe, 'setPolicy', { args: [key, policy], at });
    const misnamed: Transaction = forge(endorsed, attacker, ({ channelHeader }) =>
      channelHeader.setTxId(createHash('sha256').update(randomBytes(16)).digest('hex')),
    );
    return () => misnamed.submit();
  },

  /** No transaction at all where one should be. */
  async rubbish({ attacker, subject }) {
    const payload = payloadOf(attacker, { channel: subject.channel, data: Buffer.from([0xff, 0xff]) });
    return send(attacker, { channel: subject.channel, payload });
  },

  /** A transaction without any action. */
  async 'no-action'({ attacker, subject }) {
    const data = new peer.Transaction().serializeBinary();
    const payload = payloadOf(attacker, { channel: subject.channel, data });
    return send(attacker, { channel: subject.channel, payload });
  },

  /** A transaction whose one action is empty. */
  async 'empty-action'({ attacker, subject }) {
    const data = new peer.Transaction();
    const action = new peer.TransactionAction();
    const header = new common.SignatureHeader();
    header.setCreator(serializedIdentity(attacker));
    header.setNonce(randomBytes(24));
    action.setHeader(header.serializeBinary());
    data.setActionsList([action]);
    const payload = payloadOf(attacker, { channel: subject.channel, data: data.serializeBinary() });
    return send(attacker, { channel: subject.channel, payload });
  },
};

function payloadOf(
  client: LedgerClient,
  { channel, data }: { readonly channel: string; readonly data: Uint8Array },
): Uint8Array {
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(serializedIdentity(client));
  signatureHeader.setNonce(randomBytes(24));
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(transactionIdOf(signatureHeader));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  return payload.serializeBinary();
}

async function send(
  client: LedgerClient,
  { channel, payload }: { readonly channel: string; readonly payload: Uint8Array },
): Promise<() => Promise<unknown>> {
  const signature = await client.sign(payload);
  return async () => {
    const { code, message } = await submitEnvelope(client, channel, { payload, signature });
    if (code !== 0) throw new Error(`not ordered: ${message}`);
  };
}
