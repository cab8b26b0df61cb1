// What the thread that reads a file is given, and what it answers.
import { totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import type { Dictionary } from '@consilium/domain';
import type { DataProblem } from './data-problem.ts';
import type { PeopleWish } from './find-people.ts';
import type { Dataset } from './read-dataset.ts';

export interface DataTask {
  readonly descriptor: number;
  readonly sizeBytes: number;
  /** The file's name, whose ending can say its format. */
  readonly name: string;
  readonly dictionary: Dictionary;
  readonly encode?: boolean | undefined;
  readonly salt?: Uint8Array | undefined;
  readonly people?: PeopleWish | undefined;
  /** Bytes of arrays that reading may take. */
  readonly memoryBytes: number;
  /** Bytes of the temporary folder that it may take. */
  readonly diskBytes?: number | undefined;
}

export type DataAnswer =
  | { readonly dataset: Dataset }
  | { readonly problems: readonly DataProblem[]; readonly total: number }
  /** A block's file that is not what was written. */
  | { readonly damaged: string };

/** Half of what this process may have: what is read is copied once, for its split. */
export const memoryForReading = (): number => {
  const limit = process.constrainedMemory();
  return Math.min(totalmem(), limit > 0 ? limit : Number.POSITIVE_INFINITY) / 2;
};

/** Rows go through in batches, so the heap of the thread needs little room whatever the file. */
export const HEAP_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64 };
