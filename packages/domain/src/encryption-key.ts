// The key that artefacts for a member are sealed to: which texts are one, and what its owner signs to prove that it
// holds the private half. X25519 (RFC 7748); the proof is an XEdDSA signature (decision 28).
import { Type } from 'typebox';
import { canonicalJson } from './canonical-json.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The field of Curve25519. */
const FIELD = 2n ** 255n - 19n;
/** u of every point whose order divides 8, on the curve and on its twist: what is agreed on with them is no secret. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  FIELD - 1n,
]);

const KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** 32 bytes in base64url, least significant byte first, as a number. */
function numberOf(text: string): { readonly value: bigint; readonly canonical: boolean } {
  let bits = 0n;
  for (const character of text) bits = bits * 64n + BigInt(ALPHABET.indexOf(character));
  const bytes = (bits >> 2n).toString(16).padStart(64, '0').match(/../g) ?? [];
  return { value: BigInt(`0x${bytes.reverse().join('')}`), canonical: bits % 4n === 0n };
}

/** The u-coordinate of a key that has no problem. */
export const coordinateOf = (encryptionPublicKey: string): bigint => numberOf(encryptionPublicKey).value;

/**
 * Why nothing can safely be sealed to this key; undefined where it can.
 *
 * A key has one text: 32 bytes in base64url without padding, whose number is below 2^255 - 19. It must be none of the
 * points of small order (RFC 7748, section 6.1), with which everybody agrees on the same secret.
 */
export function encryptionKeyProblem(encryptionPublicKey: string): string | undefined {
  if (!KEY_PATTERN.test(encryptionPublicKey)) return 'must be 32 bytes in base64url without padding';
  const { value, canonical } = numberOf(encryptionPublicKey);
  if (!canonical) return 'must be in canonical base64url: its last character has bits that no byte has';
  if (value >= FIELD) return 'must be a canonical X25519 key: its number must be below 2^255 - 19';
  if (SMALL_ORDER.has(value)) return 'must not be a point of small order: no secret can be agreed on with it';
  return undefined;
}

/** A key as rows hold it, which the previous version took unchecked: see {@link encryptionKeyProblem}. */
export const RecordedEncryptionKey = Type.String({
  pattern: KEY_PATTERN.source,
  description: 'X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it.',
});
/** A key that can be registered. */
export const EncryptionPublicKey = Type.Refine(
  RecordedEncryptionKey,
  (key) => encryptionKeyProblem(key) === undefined,
  (key) => encryptionKeyProblem(key as string) ?? '',
);
export const KeyProof = Type.String({
  // The last character holds two bits.
  pattern: '^[A-Za-z0-9_-]{85}[AQgw]$',
  description:
    "XEdDSA signature by the key's private half, 64 bytes in base64url: it holds for this member and channel.",
});

/** What the holder of a key signs: it proves nothing for another member, on another channel, or about another key. */
export const keyProofMessage = (of: {
  readonly channel: string;
  readonly mspId: string;
  readonly encryptionPublicKey: string;
}): string => {
  const { channel, mspId, encryptionPublicKey } = of;
  return canonicalJson({
    purpose: 'consilium member encryption key v1',
    channel,
    mspId,
    encryptionPublicKey,
  });
};
