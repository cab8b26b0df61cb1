// The problems of a data file, by the file, for a terminal.
import type { Problem } from '@consilium/domain';
import { type DataError, describeProblem } from '../../data/index.ts';

/** One for each problem, and one that counts them where not all are listed. */
export function fileProblems(path: string, { problems, total }: DataError): Problem[] {
  const lines = problems.map((problem): Problem => ({ field: path, text: `: ${describeProblem(problem)}` }));
  return total > problems.length ? [...lines, { field: path, text: `: ${total} problems in all` }] : lines;
}
