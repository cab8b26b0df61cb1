// How this gateway's identities sign: by our own code where the key allows it, by the SDK's otherwise.
import type { KeyObject } from 'node:crypto';
import { type ConnectOptions, hash, signers } from '@hyperledger/fabric-gateway';
import { isP256, signWithLowS } from './ledger-signature.ts';

/** A message's signature, by our own code where the key allows it. */
export const signedBy = async (message: Uint8Array, key: KeyObject): Promise<Uint8Array> =>
  isP256(key) ? signWithLowS(message, key) : signers.newPrivateKeySigner(key)(hash.sha256(message));

/** How the SDK signs: messages as a whole where the key allows it, digests by its own code otherwise. */
export const signing = (key: KeyObject): Pick<ConnectOptions, 'signer' | 'hash'> =>
  isP256(key)
    ? { hash: hash.none, signer: async (message) => signWithLowS(message, key) }
    : { signer: signers.newPrivateKeySigner(key) };
