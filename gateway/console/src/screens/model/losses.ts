// What patients lost to a study, dataset by dataset: from the question of what went into its model.
import type { Api } from '@consilium/client/browser';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { apiQuery } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';

type Origins = Api['askOriginsOfModel']['answer'];

/** A dataset of a model, with what it cost its patients. */
export type Loss = Origins['datasets'][number];

/** The question that answers it; of the rounds, which come in pages, as few as can be. */
export function useOrigins(studyId: string): UseQueryResult<Origins, Error> {
  const enabled = useMay('askOriginsOfModel');
  const query = apiQuery('askOriginsOfModel', { path: { studyId }, query: { limit: 1 } });
  return useQuery({ ...query, enabled });
}

/** The greatest of decimal numbers. */
export const greatest = (values: readonly string[]): string | undefined =>
  values.toSorted((a, b) => Number(b) - Number(a))[0];

/** The greater of what a patient trained on and one scored on lost: nobody is both. */
export const greatestLoss = ({
  trainingEpsilon,
  heldOutEpsilon,
}: Pick<Loss, 'trainingEpsilon' | 'heldOutEpsilon'>): string | undefined =>
  greatest([trainingEpsilon, heldOutEpsilon].filter((one) => one !== null));
