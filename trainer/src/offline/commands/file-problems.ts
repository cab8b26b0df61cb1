// The problems of a data file, by the file, for a terminal.
import type { Problem } from '@consilium/domain';
import { type DataError, describeProblem } from '../../data/index.ts';

/** One for each kind of problem, and one that counts all where not all kinds are listed. */
export function fileProblems(path: string, { problems, total }: DataError): Problem[] {
  const lines = problems.map((problem): Problem => ({ field: path, text: `: ${describeProblem(problem)}` }));
  const listed = problems.reduce((sum, { count = 1 }) => sum + count, 0);
  return total > listed ? [...lines, { field: path, text: `: ${total} problems in all` }] : lines;
}
