// Digests and comparisons of bytes, as people and files write them.
import { createHash } from 'node:crypto';

export const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
export const sha256Hex = (bytes: Uint8Array | string): string => sha256(bytes).toString('hex');
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
