// What patients' rows are known by between a trainer and its contained processes: a SHA-256 of all that they hold.
// It is computed once for each of the trainer's own objects.
import { createHash } from 'node:crypto';
import type { TrainingUnits } from '@consilium/dp-sgd';
import type { HeldRows } from './graph-task.ts';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Each part with its length, so that no two lists of parts have the same bytes. */
function digestOf(words: string, parts: readonly ArrayBufferView[]): string {
  const hash = createHash('sha256');
  for (const part of [new TextEncoder().encode(words), ...parts].map(bytesOf)) {
    hash.update(`${part.byteLength};`).update(part);
  }
  return hash.digest('hex');
}

const digests = new WeakMap<object, string>();

function once(rows: object, compute: () => string): string {
  const digest = digests.get(rows) ?? compute();
  digests.set(rows, digest);
  return digest;
}

/** Of units that nobody changes from now on: whatever a round learns from them is in it. */
export function namedUnits(units: TrainingUnits): HeldRows<TrainingUnits> {
  const sha256 = once(units, () => {
    const { featureCount, rowOffsets, features, labels } = units;
    return digestOf(`units ${featureCount}`, [rowOffsets, features, labels]);
  });
  return { sha256, sent: units };
}

/** Of rows to score that nobody changes from now on. */
export function namedFeatures(features: Float32Array): HeldRows<Float32Array> {
  return { sha256: once(features, () => digestOf('features', [features])), sent: features };
}
