// Why the trainer did not predict: what it found in the values, row by row, or what else was wrong.
import { ProblemError } from '@consilium/client/browser';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../components/notice.tsx';
import { Failure } from '../../components/query-state.tsx';
import { sentProblems } from './prediction-fields.ts';

export function PredictionProblem({ error }: { readonly error: Error }) {
  const { t } = useTranslation('model');
  const found = error instanceof ProblemError ? sentProblems(error.problem) : [];
  if (found.length === 0) return <Failure error={error} isOfAction />;
  const placeOf = ({ line, column }: (typeof found)[number]) => {
    if (line === undefined) return column;
    return column === undefined
      ? t('predict.problemAtRow', { line })
      : t('predict.problemAt', { line, column });
  };
  return (
    <Notice tone="bad" isAlert title={t('predict.problemsTitle', { count: found.length })}>
      <ul>
        {found.map((problem) => (
          <li key={`${problem.code} ${problem.line} ${problem.column}`}>
            <bdi>{placeOf(problem)}</bdi>: {problem.remedy}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
