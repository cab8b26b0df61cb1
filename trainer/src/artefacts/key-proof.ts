// A member proves to the ledger that it holds the private half of an X25519 key: an XEdDSA signature (Perrin 2016, "The
// XEdDSA and VXEdDSA Signature Schemes", section 2.4), which the chaincode verifies as Ed25519's. The only file that
// knows a library of curves.
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { keyProofMessage, studyKeyProofMessage } from '@consilium/domain';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type MemberKeys, rawPrivateKey } from './member-keys.ts';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const RANDOM_BYTES = 64;
/** 2^256 - 2, least significant byte first: no hash of a signature begins so. */
const NONCE_PREFIX = Buffer.concat([Buffer.of(0xfe), Buffer.alloc(31, 0xff)]);

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();

function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return numberOf(hash.digest()) % ORDER;
}

/** The scalar as X25519 takes it. */
function clamped(privateKey: KeyObject): bigint {
  const bytes = Buffer.from(rawPrivateKey(privateKey));
  bytes[0]! &= 248;
  bytes[31] = (bytes[31]! & 127) | 64;
  const scalar = numberOf(bytes);
  bytes.fill(0);
  return scalar;
}

/** Signs with an X25519 private key; 64 bytes. Two signatures of one message differ, as the specification wants. */
function sign(privateKey: KeyObject, message: Uint8Array): Buffer {
  const scalar = clamped(privateKey) % ORDER;
  const edwards = Point.BASE.multiply(scalar).toBytes();
  const negative = (edwards[31]! & 128) !== 0;
  const a = negative ? ORDER - scalar : scalar;
  edwards[31]! &= 127;
  const r = hashToScalar(NONCE_PREFIX, bytesOf(a), message, randomBytes(RANDOM_BYTES));
  const commitment = Point.BASE.multiply(r).toBytes();
  const s = (r + hashToScalar(commitment, edwards, message) * a) % ORDER;
  return Buffer.concat([commitment, bytesOf(s)]);
}

/** What registers a key: it holds for this member on this channel, and for no other key. */
export function proveKey(
  { publicKey: encryptionPublicKey, privateKey }: MemberKeys,
  { mspId, channel }: { readonly mspId: string; readonly channel: string },
): { readonly encryptionPublicKey: string; readonly keyProof: string } {
  const message = keyProofMessage({ channel, mspId, encryptionPublicKey });
  const keyProof = sign(privateKey, Buffer.from(message, 'utf8')).toString('base64url');
  return { encryptionPublicKey, keyProof };
}

/** The same of a key for one dataset's updates in one study: it holds for no other. */
export function proveStudyKey(
  { publicKey: encryptionPublicKey, privateKey }: MemberKeys,
  of: {
    readonly mspId: string;
    readonly channel: string;
    readonly studyId: string;
    readonly datasetId: string;
  },
): { readonly encryptionPublicKey: string; readonly keyProof: string } {
  const message = studyKeyProofMessage({ ...of, encryptionPublicKey });
  const keyProof = sign(privateKey, Buffer.from(message, 'utf8')).toString('base64url');
  return { encryptionPublicKey, keyProof };
}
