/** Calls to the gateway service that its client library would never make. */

import * as grpc from '@grpc/grpc-js';
import { common, gateway } from '@hyperledger/fabric-protos';
import type { Organisation } from './connection.ts';
import type { LedgerClient } from './ledger-client.ts';

export interface RawAnswer {
  readonly code: number;
  readonly message: string;
}

interface Message {
  serializeBinary(): Uint8Array;
}

/** One unary call of the gateway service; an answer without error has code 0. */
function call(client: LedgerClient, method: string, request: Message): Promise<RawAnswer> {
  return new Promise((resolve) => {
    client.channel.makeUnaryRequest(
      `/gateway.Gateway/${method}`,
      (message: Message) => Buffer.from(message.serializeBinary()),
      (bytes: Buffer) => bytes,
      request,
      { deadline: Date.now() + 30_000 },
      (error) => resolve(error ? { code: error.code, message: error.details } : { code: 0, message: '' }),
    );
  });
}

export function submitEnvelope(
  client: LedgerClient,
  channel: string,
  parts: { readonly payload: Uint8Array; readonly signature: Uint8Array },
): Promise<RawAnswer> {
  const envelope = new common.Envelope();
  envelope.setPayload(parts.payload);
  envelope.setSignature(parts.signature);
  const request = new gateway.SubmitRequest();
  request.setTransactionId('none');
  request.setChannelId(channel);
  request.setPreparedTransaction(envelope);
  return call(client, 'Submit', request);
}

export function submitNothing(client: LedgerClient, channel: string): Promise<RawAnswer> {
  const request = new gateway.SubmitRequest();
  request.setChannelId(channel);
  return call(client, 'Submit', request);
}

export function endorseNothing(client: LedgerClient): Promise<RawAnswer> {
  return call(client, 'Endorse', new gateway.EndorseRequest());
}

export function evaluateNothing(client: LedgerClient): Promise<RawAnswer> {
  return call(client, 'Evaluate', new gateway.EvaluateRequest());
}

/** A commit status request as given, signed over other bytes or not at all. */
export function commitStatus(
  client: LedgerClient,
  parts: {
    readonly channel: string;
    readonly transactionId: string;
    readonly identity: Uint8Array;
    readonly signature: Uint8Array;
  },
): Promise<RawAnswer> {
  const request = new gateway.CommitStatusRequest();
  request.setChannelId(parts.channel);
  request.setTransactionId(parts.transactionId);
  request.setIdentity(parts.identity);
  const signed = new gateway.SignedCommitStatusRequest();
  signed.setRequest(request.serializeBinary());
  signed.setSignature(parts.signature);
  return call(client, 'CommitStatus', signed);
}

/** An empty evaluation at the organisation's endpoint over TLS that trusts the root given. */
export function unary(organisation: Organisation, tlsRootCertificate: string): Promise<RawAnswer> {
  const credentials = grpc.credentials.createSsl(Buffer.from(tlsRootCertificate));
  const client = new grpc.Client(organisation.endpoint, credentials);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/gateway.Gateway/Evaluate',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      { deadline: Date.now() + 10_000 },
      (error) => {
        client.close();
        resolve(error ? { code: error.code, message: error.details } : { code: 0, message: '' });
      },
    );
  });
}
