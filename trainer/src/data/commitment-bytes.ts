// What a dataset's commitment covers: the checked values of every row in a canonical order, under a secret
// salt. Only its CID is published; without the salt nobody can test a guess at a patient against it.
import { canonicalJson } from '@consilium/domain';
import type { PatientUnit } from './read-dataset.ts';

/**
 * Canonical bytes of a dataset under a salt.
 *
 * The first line is the salt, then one line per row, sorted, so that the order of a file's rows does not
 * matter. Hiding rests on the salt's 256 bits, binding on SHA-256 inside the CID.
 *
 * @param salt at least 32 secret bytes; a shorter one is refused with RangeError
 */
export function commitmentBytes(units: readonly PatientUnit[], salt: Uint8Array): Uint8Array {
  if (salt.length < 32) throw new RangeError('a commitment needs a salt of at least 32 bytes');
  const lines = units.flatMap(({ patientId, rows }) =>
    rows.map(({ values, y }) => canonicalJson({ label: y, patient: patientId, values })),
  );
  const header = canonicalJson({ salt: Buffer.from(salt).toString('hex'), version: 1 });
  return new TextEncoder().encode(`${[header, ...lines.sort()].join('\n')}\n`);
}
