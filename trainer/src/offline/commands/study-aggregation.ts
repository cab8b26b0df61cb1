// Whether a study's rule of aggregation means anything here, checked before files are read or anything is trained.
import { FAULTY_DEFAULT, fewestUpdates, type Problem } from '@consilium/domain';
import type { StudyFile } from './study-file.ts';

/** What is wrong, with the remedy; nothing where the rule keeps its promise with so many hospitals. */
export function aggregationProblems(
  { aggregation, driftCorrection }: StudyFile,
  hospitals: number,
): Problem[] {
  if (aggregation === undefined) return [];
  const { rule, faulty = FAULTY_DEFAULT } = aggregation;
  const problems: Problem[] = [];
  const fewest = fewestUpdates(aggregation);
  if (hospitals < fewest) {
    const counts = fewest > fewestUpdates({ rule, faulty: 1 });
    problems.push({
      field: 'study: aggregation',
      text:
        `: ${rule} needs at least ${fewest} hospitals to bear ` +
        `${counts ? `${faulty} false updates` : 'a false update'}, and here ` +
        `${hospitals === 1 ? 'is 1' : `are ${hospitals}`}`,
      remedy: `add hospitals, ${counts ? 'lower faulty, ' : ''}or take another rule`,
    });
  }
  if (driftCorrection?.kind === 'scaffold' && rule !== 'fedavg') {
    problems.push({
      field: 'study: aggregation.rule',
      text:
        `: scaffold needs the rule fedavg, not ${rule}: control variates enter by their mean, which one false ` +
        'update moves at will',
    });
  }
  return problems;
}
