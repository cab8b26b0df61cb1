// The same where there is no Node, as in a browser.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** A fault of the program. */
class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** @throws AssertionError where it does not hold */
export function assert(holds: unknown, message: string): asserts holds {
  if (!holds) throw new AssertionError(message);
}

/** In lower-case hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));
