// What the move of a large model reads and writes, in one memory that several threads and their WebAssembly share, so
// that nothing is copied.
import assert from 'node:assert/strict';
import { createSharedMemory, type SharedMemory } from './wasm-function.ts';

/** Arrays are padded to a multiple of this many values, which the loop takes at once. */
export const VALUES_AT_ONCE = 8;

/** Buffers of noise: one is used while the other is being drawn. */
export const NOISE_BUFFERS = 2;

/** Values per tile: few enough for the cache of one core, and for threads to finish nearly together. */
export const TILE_VALUES = 2 ** 12;

/** Threads that share a move: one for each shard. */
export const THREADS = 2;

/** Index of each factor of a step, in doubles, from the first byte on. */
export const RATES = {
  latticePerUnit: 0,
  rounder: 1,
  meanPerStep: 2,
  kept: 3,
  rate: 4,
  momentum: 5,
} as const;
const RATE_BYTES = 64;
const SCRATCH_BYTES = 8 * TILE_VALUES * THREADS;

export interface StepMemoryLayout {
  readonly memory: SharedMemory;
  /** P */
  readonly parameterCount: number;
  readonly hasVelocity: boolean;
}

/** Arrays of P values. The padding after each is never read. */
export interface StepMemory extends StepMemoryLayout {
  readonly rates: Float64Array;
  readonly parameters: Float64Array;
  /** The parameters in float, as shards read them. */
  readonly rounded: Float32Array;
  /** Empty without momentum. */
  readonly velocity: Float64Array;
  readonly sums: readonly Float32Array[];
  readonly noise: readonly Float64Array[];
  /** For each thread, the noise of one tile. */
  readonly scratch: readonly Float64Array[];
}

const paddedTo = (count: number) => Math.ceil(count / VALUES_AT_ONCE) * VALUES_AT_ONCE;

/** Bytes per parameter, over all arrays. */
const bytesPerValue = (hasVelocity: boolean) =>
  8 + 4 + (hasVelocity ? 8 : 0) + 4 * THREADS + 8 * NOISE_BUFFERS;

/** Addresses are signed integers of 32 bits. */
export const fitsStepMemory = (parameterCount: number): boolean =>
  RATE_BYTES + SCRATCH_BYTES + paddedTo(parameterCount) * bytesPerValue(true) <= 2 ** 30;

export function createStepMemory(parameterCount: number, hasVelocity: boolean): StepMemory {
  assert(fitsStepMemory(parameterCount));
  const memory = createSharedMemory(
    RATE_BYTES + SCRATCH_BYTES + paddedTo(parameterCount) * bytesPerValue(hasVelocity),
  );
  return viewStepMemory({ memory, parameterCount, hasVelocity });
}

export function viewStepMemory(layout: StepMemoryLayout): StepMemory {
  const { memory, parameterCount, hasVelocity } = layout;
  const { buffer } = memory;
  let end = RATE_BYTES;
  const take = (count: number, bytes: number) => {
    const first = end;
    end += paddedTo(count) * bytes;
    return first;
  };
  const doubles = (count = parameterCount) => new Float64Array(buffer, take(count, 8), count);
  const floats = () => new Float32Array(buffer, take(parameterCount, 4), parameterCount);
  return {
    ...layout,
    rates: new Float64Array(buffer, 0, RATE_BYTES / 8),
    parameters: doubles(),
    rounded: floats(),
    velocity: doubles(hasVelocity ? parameterCount : 0),
    sums: Array.from({ length: THREADS }, floats),
    noise: Array.from({ length: NOISE_BUFFERS }, () => doubles()),
    scratch: Array.from({ length: THREADS }, () => doubles(TILE_VALUES)),
  };
}
