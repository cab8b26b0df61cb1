// Local parameters stay at their hospital. This file distinguishes them from the shared ones by name, splits a flat
// parameter vector into the two, and joins it again.
import assert from 'node:assert/strict';
import type { ForwardModel, TrainableParameter } from './forward-model.ts';
import { matchesPattern } from './name-patterns.ts';

/** Which parameters are shared and which stay at each hospital, and where each is in the flat vector. */
export interface ParameterPartition {
  readonly shared: readonly TrainableParameter[];
  readonly local: readonly TrainableParameter[];
  /** Index in the flat vector of each shared value, ascending; the same for the local ones. */
  readonly sharedIndices: Uint32Array;
  readonly localIndices: Uint32Array;
}

function indicesOf(parameters: readonly TrainableParameter[]): Uint32Array {
  return Uint32Array.from(
    parameters.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i)),
  );
}

/** Shared and local parameters of a model, each in the model's own order. */
export function partitionParameters(
  model: Pick<ForwardModel, 'parameters'>,
  localPatterns: readonly string[],
): ParameterPartition {
  const local = model.parameters.filter(({ name }) => matchesPattern(name, localPatterns));
  const shared = model.parameters.filter((parameter) => !local.includes(parameter));
  return { shared, local, sharedIndices: indicesOf(shared), localIndices: indicesOf(local) };
}

/** The values at the given indices. */
export function pick(values: ArrayLike<number>, indices: Uint32Array): Float64Array {
  return Float64Array.from(indices, (index) => values[index]!);
}

/** The flat vector of both parts: the inverse of `pick` with the two index lists. */
export function joinParameters(
  { sharedIndices, localIndices }: ParameterPartition,
  { shared, local }: { readonly shared: ArrayLike<number>; readonly local: ArrayLike<number> },
): Float64Array {
  assert.equal(shared.length, sharedIndices.length);
  assert.equal(local.length, localIndices.length);
  const values = new Float64Array(sharedIndices.length + localIndices.length);
  sharedIndices.forEach((index, i) => {
    values[index] = shared[i]!;
  });
  localIndices.forEach((index, i) => {
    values[index] = local[i]!;
  });
  return values;
}
