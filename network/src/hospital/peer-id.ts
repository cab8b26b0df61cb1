// Kubo's peer ids, of which one that cannot be read keeps the node of everybody who configures it from starting.

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** A multihash that hashes nothing, of an Ed25519 key as libp2p writes it; its first byte is the leading 1. */
const ED25519 = /^2408011220[0-9a-f]{64}$/;

/** Whether it is the id of an Ed25519 key, as `ipfs init` makes them. */
export function isPeerId(text: string): boolean {
  if (!/^1[1-9A-HJ-NP-Za-km-z]{51}$/.test(text)) return false;
  let value = 0n;
  for (const digit of text.slice(1)) value = value * 58n + BigInt(BASE58.indexOf(digit));
  return ED25519.test(value.toString(16));
}
