// The split of a dataset's patients into training and held-out, stable for the dataset's whole life: a patient
// that was once held out is never trained on, whatever rows are added or removed.
import { createHmac } from 'node:crypto';

/** Share of patients held out for validation; a public constant, part of every study's accounting. */
export const HELD_OUT_SHARE = 0.2;

/**
 * Whether a patient is held out: HMAC-SHA256(salt, patient id), read as a fraction, lies below the share.
 *
 * It depends on this patient alone, so that adding or removing one patient moves no other between the sets;
 * that is what lets the two sets have accounts of their own (parallel composition, McSherry 2009).
 */
export function isHeldOut(salt: Uint8Array, patientId: string): boolean {
  const digest = createHmac('sha256', salt).update('split\0').update(patientId).digest();
  return digest.readUInt32BE(0) / 2 ** 32 < HELD_OUT_SHARE;
}

/** The units on either side of the split, in the order given. */
export function splitPatients<U extends { readonly patientId: string }>(
  salt: Uint8Array,
  units: readonly U[],
): { training: U[]; heldOut: U[] } {
  const training: U[] = [];
  const heldOut: U[] = [];
  for (const unit of units) (isHeldOut(salt, unit.patientId) ? heldOut : training).push(unit);
  return { training, heldOut };
}
