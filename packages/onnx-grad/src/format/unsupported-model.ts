// The errors for forward graphs that cannot be trained.
import { graphProblem, type ModelProblem, modelSentence } from './model-problem.ts';

/** Largest number of problems in one error. */
const MOST_LISTED = 50;

/** The reason why one node cannot be trained through, and what to do about it. */
export class UnsupportedOp extends Error {
  override readonly name = 'UnsupportedOp';
  readonly reason: string;
  readonly remedy: string | undefined;

  constructor(reason: string, remedy?: string) {
    super(remedy === undefined ? reason : `${reason}: ${remedy}`);
    this.reason = reason;
    this.remedy = remedy;
  }
}

/**
 * A model that cannot be trained. Lists its problems, each with the node or value that has it, the reason and the
 * remedy (at most 50), and says how many there are in all.
 */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  readonly problems: readonly ModelProblem[];
  readonly total: number;
  /** A remedy for several problems. */
  readonly remedy: string | undefined;

  constructor(problems: readonly ModelProblem[], remedy?: string) {
    const listed = problems.slice(0, MOST_LISTED);
    const rest = problems.length > MOST_LISTED ? [`and ${problems.length - MOST_LISTED} more`] : [];
    const said = [...listed.map(modelSentence), ...rest, ...(remedy === undefined ? [] : [remedy])];
    super(`this model cannot be trained: ${said.join('; ')}`);
    this.problems = listed;
    this.total = problems.length;
    this.remedy = remedy;
  }
}

/** The same limit as on the ledger. A step holds a few numbers of 64 bits for each parameter. */
export const MAXIMUM_PARAMETERS = 100_000_000;

/** @throws UnsupportedModelError where a model has more parameters than can be trained */
export function checkParameterCount(count: number): void {
  if (count <= MAXIMUM_PARAMETERS) return;
  throw new UnsupportedModelError([
    graphProblem(
      `it has ${count} parameters, and ${MAXIMUM_PARAMETERS} is the most`,
      'take fewer or narrower layers',
    ),
  ]);
}
