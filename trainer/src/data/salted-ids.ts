// What a population knows its patients by: digests of their ids under the population's secret salt. They decide the
// side of the split, and which block a patient belongs to, and never leave the hospital.
import { createHash, createHmac } from 'node:crypto';

/**
 * Of SHA-256's 32 bytes. Among n patients two have the same with probability below n² / 2^129 (n = 10^7: 2 · 10^-25);
 * they would count as one person for blocks and sides, so that each of them is still in one block and in one pool.
 */
export const SALTED_ID_BYTES = 16;

/** HMAC-SHA256(salt, patient id), whose beginning is the salted id. */
export const saltedDigest = (salt: Uint8Array, patientId: string | Uint8Array): Uint8Array =>
  createHmac('sha256', salt).update('split\0').update(patientId).digest();

/** Share of patients held out for validation; a public constant, part of every study's accounting. */
export const HELD_OUT_SHARE = 0.2;

/** Whether a digest, or a salted id, is of a patient who is held out: read as a fraction it lies below the share. */
export const isHeldOutDigest = ([a = 0, b = 0, c = 0, d = 0]: Uint8Array): boolean =>
  (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32 < HELD_OUT_SHARE;

/** 16 bytes in lower-case hexadecimal, for one patient. */
export const saltedIdHex = (salt: Uint8Array, patientId: string): string =>
  Buffer.from(saltedDigest(salt, patientId).subarray(0, SALTED_ID_BYTES)).toString('hex');

/** SHA-256 of a block's sorted salted ids: what the ledger names the block's patients by. */
export const patientsDigest = (sortedIds: Uint8Array): string =>
  createHash('sha256').update(sortedIds).digest('hex');

const PREFIXES = 2 ** 16;

/**
 * Salted ids in ascending order of their bytes.
 *
 * Digests are uniform, so that two bytes part n of them into buckets of n / 65536.
 *
 * @param ids [n · 16] in any order; left as they are
 */
export function sortSaltedIds(ids: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = ids.length / SALTED_ID_BYTES;
  const ends = new Uint32Array(PREFIXES + 1);
  const prefixAt = (i: number): number => (ids[i * SALTED_ID_BYTES]! << 8) | ids[i * SALTED_ID_BYTES + 1]!;
  for (let i = 0; i < count; i++) ends[prefixAt(i) + 1]!++;
  for (let prefix = 0; prefix < PREFIXES; prefix++) ends[prefix + 1]! += ends[prefix]!;
  const starts = ends.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[starts[prefixAt(i)]!++] = i;
  const compare = (one: number, other: number): number => {
    let [i, j] = [one * SALTED_ID_BYTES, other * SALTED_ID_BYTES];
    for (const end = i + SALTED_ID_BYTES; i < end; i++, j++) {
      if (ids[i] !== ids[j]) return ids[i]! - ids[j]!;
    }
    return 0;
  };
  // Most buckets of few patients are empty, and a view of each would take longer than the sorting.
  for (let prefix = 0; prefix < PREFIXES; prefix++) {
    const [start, end] = [ends[prefix]!, ends[prefix + 1]!];
    if (end - start > 1) order.subarray(start, end).sort(compare);
  }
  const sorted = new Uint8Array(ids.length);
  for (let i = 0; i < count; i++) {
    const from = order[i]! * SALTED_ID_BYTES;
    sorted.set(ids.subarray(from, from + SALTED_ID_BYTES), i * SALTED_ID_BYTES);
  }
  return sorted;
}
