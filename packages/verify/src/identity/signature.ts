// Whether a signature holds, as Fabric checks it. ECDSA signatures come in pairs (r, s) and (r, n - s); Fabric accepts
// only the one with the smaller s, so that nobody alters a signed message's bytes without the key.
import type { Curve, Digest, PublicKey } from '../cryptography/public-key.ts';
import { concatBytes, hex, sameBytes } from '../wire/bytes.ts';
import { DER, type DerElement, elementAt } from '../wire/der-reader.ts';
import { derElement, derNumber } from '../wire/der-writer.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** Orders of the curves that Fabric's identities use. */
const ORDERS: Readonly<Record<Curve, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp224r1: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1: BigInt(
    '0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa' +
      '51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
};

/** r and s of a signature of ECDSA. */
interface Numbers {
  readonly r: bigint;
  readonly s: bigint;
}

/** With which key somebody signs, and over which digest; undefined where peers know none. */
interface SigningIdentity {
  readonly certificate: { readonly publicKey: PublicKey };
  readonly digest: Digest | undefined;
}

/** As peers: what a key of RSA signs holds for nobody, except that it issued a certificate or a list. */
export function signatureHolds(
  { certificate, digest }: SigningIdentity,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { publicKey: key } = certificate;
  if (key.kind === 'ed25519')
    return key.verifies({ scheme: 'ed25519', digest: 'sha512' }, message, signature);
  if (key.kind === 'rsa' || digest === undefined) return false;
  const numbers = numbersIn(signature);
  const order = ORDERS[key.kind];
  if (numbers === undefined || numbers.r >= order || numbers.s > order >> 1n) return false;
  return key.verifies({ scheme: 'ecdsa', digest }, message, signatureOf(numbers));
}

/** The one of a pair of signatures with the smaller s, as Fabric writes it; undefined of what is no signature. */
export function lowSForm(signature: Uint8Array, curve: Curve): Uint8Array | undefined {
  const numbers = numbersIn(signature);
  if (numbers === undefined) return undefined;
  const { r, s } = numbers;
  const order = ORDERS[curve];
  return signatureOf({ r, s: s > order >> 1n ? order - s : s });
}

/** Bytes of an Ed25519 signature, which has one form only. */
const ED25519_BYTES = 64;

/**
 * The shortest form of a signature of ECDSA, which names the same r and s; others as they are.
 *
 * Files of evidence hold signatures so, and no other form is read there: what follows s can be altered by anyone.
 * Whose key it is is not known here, and whoever signs by Ed25519 can make one that is also r and s: what is as long
 * stays as it is. By P-224 r, s and bytes after them can be as long, in which peers take anything. Of orderers it is
 * taken so too, since one of them could else keep all files from being made; it means the same with any such bytes.
 */
export function shortestForm(signature: Uint8Array): Uint8Array {
  const numbers = signature.length === ED25519_BYTES ? undefined : numbersIn(signature);
  return numbers === undefined ? signature : signatureOf(numbers);
}

/** Whether no other bytes are the same signature of ECDSA: of P-224 one may have as many as those of Ed25519 have. */
export function isShortestEcdsa(signature: Uint8Array): boolean {
  const numbers = numbersIn(signature);
  return numbers !== undefined && sameBytes(signatureOf(numbers), signature);
}

/** Whether no other bytes are the same signature. */
export const isShortestForm = (signature: Uint8Array): boolean =>
  sameBytes(shortestForm(signature), signature);

/**
 * As Fabric reads them, with Go's encoding/asn1: whatever follows s in the sequence, and whatever follows the sequence,
 * is passed over. Whoever signs could else stop every verifier with a signature that peers take.
 */
function numbersIn(der: Uint8Array): Numbers | undefined {
  try {
    const { tag, contents } = elementAt(der, 0);
    if (tag !== DER.sequence) return undefined;
    const first = elementAt(contents, 0);
    const second = elementAt(contents, first.raw.length);
    const [r, s] = [positiveIn(first), positiveIn(second)];
    return r === undefined || s === undefined ? undefined : { r, s };
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

function positiveIn({ tag, contents }: DerElement): bigint | undefined {
  const [first = 0x80, second = 0x80] = contents;
  if (tag !== DER.integer || first >= 0x80 || (first === 0 && second < 0x80)) return undefined;
  const number = BigInt(`0x${hex(contents)}`);
  return number > 0n ? number : undefined;
}

const signatureOf = ({ r, s }: Numbers): Uint8Array =>
  derElement(DER.sequence, concatBytes([r, s].map((number) => derElement(DER.integer, derNumber(number)))));
