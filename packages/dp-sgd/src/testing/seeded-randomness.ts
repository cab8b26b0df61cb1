// Reproducible randomness for tests: the key stream of AES-256 in counter mode. Never for patients' data.
import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '../randomness.ts';

export function seededRandomness(seed: string): RandomSource {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return {
    fill: (bytes) => {
      bytes.set(stream.update(new Uint8Array(bytes.length)));
    },
  };
}
