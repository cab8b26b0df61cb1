// What this package needs of the place where it runs, in Node: its assertions stop a program there as any others do.
import nodeAssert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** @throws AssertionError where it does not hold */
export function assert(holds: unknown, message: string): asserts holds {
  nodeAssert(holds, message);
}

/** In lower-case hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
