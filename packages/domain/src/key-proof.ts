// Whether the holder of an X25519 key signed: XEdDSA (Perrin 2016, "The XEdDSA and VXEdDSA Signature Schemes"), whose
// signatures are those of Ed25519 by the Edwards form of the key. The same on every peer: nothing here is random.
import { createPublicKey, verify } from 'node:crypto';
import { coordinateOf, encryptionKeyProblem, keyProofMessage } from './encryption-key.ts';
import { studyKeyProofMessage } from './study-key.ts';

const FIELD = 2n ** 255n - 19n;
/** The order of the base point: a signature's scalar is below it, so that nobody writes one signature in two ways. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % FIELD;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  return result;
}

/** 32 bytes, least significant first; the sign of x is 0, as XEdDSA has it. */
function edwardsForm(u: bigint): Buffer {
  const y = ((u + FIELD - 1n) * power(u + 1n, FIELD - 2n)) % FIELD;
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
}

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

interface ProvenKey {
  readonly channel: string;
  readonly mspId: string;
  readonly encryptionPublicKey: string;
  readonly keyProof: string;
}

/** Whether the proof was made with the key's private half, for this member on this channel. */
export const provesKey = (of: ProvenKey): boolean => isSignedBy(of, keyProofMessage(of));

/** The same of a key for one dataset's updates in one study. */
export const provesStudyKey = (
  of: ProvenKey & { readonly studyId: string; readonly datasetId: string },
): boolean => isSignedBy(of, studyKeyProofMessage(of));

function isSignedBy(
  { encryptionPublicKey, keyProof }: Pick<ProvenKey, 'encryptionPublicKey' | 'keyProof'>,
  message: string,
): boolean {
  if (encryptionKeyProblem(encryptionPublicKey) !== undefined) return false;
  const signature = Buffer.from(keyProof, 'base64url');
  if (signature.length !== 64 || signature.toString('base64url') !== keyProof) return false;
  if (littleEndian(signature.subarray(32)) >= ORDER) return false;
  const x = edwardsForm(coordinateOf(encryptionPublicKey)).toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(message, 'utf8'), key, signature);
  } catch {
    return false; // A coordinate of the twist has no Edwards form.
  }
}
