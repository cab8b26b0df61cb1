// What the thread that reads a file is given, and what it answers.
import type { ResourceLimits } from 'node:worker_threads';
import type { Dictionary } from '@consilium/domain';
import type { DataProblem } from './data-problem.ts';
import type { Dataset } from './read-dataset.ts';

export interface DataTask {
  readonly descriptor: number;
  readonly sizeBytes: number;
  /** The file's name, whose ending can say its format. */
  readonly name: string;
  readonly dictionary: Dictionary;
}

export type DataAnswer =
  | { readonly dataset: Dataset }
  | { readonly problems: readonly DataProblem[]; readonly total: number };

const MIB = 2 ** 20;
/** Texts, rows and encoded values of a file take some ten times its size, and its reader takes some itself. */
const TIMES_ITS_SIZE = 16;
const READER_MIB = 192;

/** What reading a file of a size may take. */
export const limitsOf = (sizeBytes: number): ResourceLimits => ({
  maxOldGenerationSizeMb: READER_MIB + Math.ceil((sizeBytes * TIMES_ITS_SIZE) / MIB),
  maxYoungGenerationSizeMb: 64,
});
