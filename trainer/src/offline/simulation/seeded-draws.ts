// Draws that a seed decides, for runs without privacy: whoever knows the seed knows the batches and the noise, so that
// nothing that is drawn so protects anybody.
import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '@consilium/dp-sgd';
import type { RandomnessOf } from './hospital-rounds.ts';

const ZEROS = Buffer.alloc(2 ** 16);

/** Bytes of AES-256 in counter mode under the hash of a text. */
function bytesOf(text: string): RandomSource {
  const key = createHash('sha256').update(text).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return {
    fill(bytes) {
      for (let first = 0; first < bytes.length; first += ZEROS.length) {
        const count = Math.min(ZEROS.length, bytes.length - first);
        bytes.set(cipher.update(ZEROS.subarray(0, count)), first);
      }
    },
  };
}

/** For each round of each hospital bytes of their own, so that a round depends on none before it. NOT PRIVATE. */
export const seededDraws =
  (seed: string): RandomnessOf =>
  (round, hospital) =>
    bytesOf(JSON.stringify(['consilium-trainer without privacy', seed, round, hospital]));
