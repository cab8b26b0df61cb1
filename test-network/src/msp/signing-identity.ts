/** A peer's or orderer's own identity: what it calls itself in Fabric's messages, and how it signs them. */
import { createPrivateKey, sign } from 'node:crypto';
import { msp } from '../fabric-protos.ts';
import { toLowS } from './low-s.ts';

export interface SigningIdentity {
  readonly mspId: string;
  /** The serialized identity that goes into messages. */
  readonly serialized: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function serializeIdentity(mspId: string, certificatePem: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificatePem, 'utf8'));
  return identity.serializeBinary();
}

export function createSigningIdentity(options: {
  readonly mspId: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}): SigningIdentity {
  const key = createPrivateKey(options.privateKeyPem);
  return {
    mspId: options.mspId,
    serialized: serializeIdentity(options.mspId, options.certificatePem),
    sign: (message) => toLowS(sign('sha256', message, key)),
  };
}
