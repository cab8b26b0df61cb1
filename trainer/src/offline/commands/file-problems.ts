// The problems of a data file as lines for a terminal.
import { type DataError, describeProblem } from '../../data/index.ts';

/** One line for each problem, and one that counts them where not all are listed. */
export function fileProblems(path: string, { problems, total }: DataError): string[] {
  const lines = problems.map((problem) => `${path}: ${describeProblem(problem)}`);
  return total > problems.length ? [...lines, `${path}: ${total} problems in all`] : lines;
}
