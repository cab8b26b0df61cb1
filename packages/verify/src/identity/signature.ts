// Whether a signature holds, as Fabric checks it. ECDSA signatures come in pairs (r, s) and (r, n - s); Fabric accepts
// only the one with the smaller s, so that nobody alters a signed message's bytes without the key.
import type { Curve, PublicKey } from '../cryptography/public-key.ts';
import { hex } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';

/** Orders of the curves that Fabric's identities use. */
const ORDERS: Readonly<Record<Exclude<Curve, 'ed25519'>, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp224r1: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1: BigInt(
    '0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa' +
      '51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
};

export const signatureHolds = (key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean =>
  (key.curve === 'ed25519' || hasLowS(signature, ORDERS[key.curve])) &&
  key.verifies('sha256', message, signature);

function hasLowS(der: Uint8Array, order: bigint): boolean {
  try {
    const sequence = readDer(der);
    const numbers = childrenOf(sequence);
    if (sequence.tag !== DER.sequence || numbers.length !== 2) return false;
    const [r, s] = numbers.map(({ tag, contents }) =>
      tag === DER.integer && contents.length > 0 ? BigInt(`0x${hex(contents)}`) : 0n,
    );
    return r! > 0n && s! > 0n && s! <= order >> 1n;
  } catch {
    return false;
  }
}
