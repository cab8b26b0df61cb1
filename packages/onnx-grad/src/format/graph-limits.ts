// Limits of a graph, for the sake of those who read and run it. A study's graph comes from any member. A graph beyond a
// limit is refused before anything is computed; the message says what was found, and the limit.
// docs/reference/onnx-operators.md states these numbers.
import { graphProblem } from './model-problem.ts';
import { UnsupportedModelError } from './unsupported-model.ts';

/** Bytes of the file. */
export const FILE_LIMITS = {
  bytes: ['bytes', 2 ** 29],
  programBytes: ['bytes beside its weights and notes', 2 ** 24],
  nodes: ['nodes', 2 ** 13],
  initialisers: ['initialisers', 2 ** 13],
  attributes: ['attributes', 2 ** 16],
  links: ['inputs and outputs of nodes', 2 ** 17],
  values: ['inputs, outputs and notes on values', 2 ** 15],
  numbers: ['numbers that are not raw data', 2 ** 22],
  entries: ['notes and operator sets', 2 ** 17],
} as const;
export type FileCount = keyof typeof FILE_LIMITS;

/** Bytes of a name. */
export const NAME_BYTES = 512;
/** Nesting depth of graphs, including the outermost. */
export const GRAPH_DEPTH = 4;
/** Axes of a value. */
export const MAXIMUM_RANK = 8;
/** Inputs of one node. */
export const NODE_INPUTS = 2 ** 10;
/** Numbers in one constant, and in all constants that a graph has or that are computed from them. */
export const CONSTANT_NUMBERS = 2 ** 22;
export const ALL_CONSTANT_NUMBERS = 2 ** 23;
/** Numbers that nodes read from constants, counted for each node that reads them. */
export const CONSTANT_READS = 2 ** 24;
/** Numbers that are computed for one row by all nodes, including the windows of convolutions. */
export const NUMBERS_PER_ROW = 2 ** 26;
/** Numbers of one row in the output, far more than a label has classes: every probe compares them one by one. */
export const OUTPUTS = 2 ** 12;
/** Numbers of one channel, including the pads of a convolution or a pool. */
export const PADDED_NUMBERS = 2 ** 22;
/** Patterns in `consilium.frozen`. */
export const FROZEN_PATTERNS = 2 ** 8;

const REMEDY = 'take a smaller model, or export it with optimize=True';

/** @throws UnsupportedModelError naming every count beyond its limit */
export function checkFileCounts(counts: Readonly<Record<FileCount, number>>): void {
  const problems = Object.entries(FILE_LIMITS).flatMap(([count, [what, most]]) => {
    const found = counts[count as FileCount];
    return found > most ? [graphProblem(`it has ${found} ${what}, and ${most} is the most`)] : [];
  });
  if (problems.length > 0) throw new UnsupportedModelError(problems, REMEDY);
}
