// What a plan is quoted by: the rows of the chosen datasets, and the accounts of the patients that a consent would
// give.
import { ProblemError } from '@consilium/client/browser';
import { type Dataset, populationIdOf, type Revision, revisionOf } from '@consilium/domain';
import type { BlockAccounts } from '@consilium/domain/rules';
import { queryOptions, useQueries } from '@tanstack/react-query';
import { gateway } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';

const rowQuery = (datasetId: string) =>
  queryOptions({
    queryKey: ['getDataset', { datasetId }, {}] as const,
    queryFn: async ({ signal }) =>
      (await gateway.call('getDataset', { path: { datasetId }, signal })) as unknown as Dataset,
    retry: false,
  });

/** A chosen dataset; `row` is undefined until it is read, and null where the ledger has none of this id. */
export interface ChosenDataset {
  readonly datasetId: string;
  readonly row: Dataset | null | undefined;
  /** Why it is not read; null while it is being read, too. */
  readonly error: Error | null;
  readonly readAgain: () => void;
}

/** The rows of datasets, in their order. */
export function useDatasetRows(datasetIds: readonly string[]): readonly ChosenDataset[] {
  const queries = useQueries({ queries: datasetIds.map(rowQuery) });
  return datasetIds.map((datasetId, at): ChosenDataset => {
    const { data, error, refetch } = queries[at]!;
    const isMissing = error instanceof ProblemError && error.code === 'DATASET_NOT_FOUND';
    const isUnread = !isMissing && data === undefined;
    const readAgain = () => void refetch();
    return { datasetId, row: isMissing ? null : data, error: isUnread ? error : null, readAgain };
  });
}

/** Accounts of the open blocks of a dataset's present revision, which a consent gives where it names none. */
async function readAccounts(dataset: Dataset, signal: AbortSignal): Promise<readonly BlockAccounts[]> {
  const { datasetId } = dataset;
  const given = new Set<number>();
  for await (const row of gateway.items('listRevisions', { path: { datasetId }, signal })) {
    const revision = row as unknown as Revision;
    if (revision.revision !== revisionOf(dataset)) continue;
    for (const { block } of revision.blocks) given.add(block);
  }
  const path = { populationId: populationIdOf(dataset) };
  const open: number[] = [];
  for await (const { block, state } of gateway.items('listBlocks', { path, signal })) {
    if (state === 'open' && given.has(block)) open.push(block);
  }
  const accountOf = async (pool: 'training' | 'held-out', block: number) =>
    (await gateway.call('getBudget', { path: { datasetId, pool }, query: { block }, signal })) as never;
  return Promise.all(
    open.map(async (block): Promise<BlockAccounts> => {
      const [training, heldOut] = await Promise.all([
        accountOf('training', block),
        accountOf('held-out', block),
      ]);
      return { training, heldOut };
    }),
  );
}

/** A dataset with its accounts; undefined until they are read. */
export interface QuotedDataset {
  readonly dataset: Dataset;
  readonly accounts: readonly BlockAccounts[] | undefined;
  readonly error: Error | null;
}

/** Accounts of datasets; undefined where the session may not read them. */
export function useAccounts(datasets: readonly Dataset[]): readonly QuotedDataset[] | undefined {
  const may = useMay('getBudget', 'listRevisions', 'listBlocks');
  const queries = useQueries({
    queries: datasets.map((dataset) => ({
      // Of this dataset, so that events which are about it or about none ask again.
      queryKey: ['getBudget', { datasetId: dataset.datasetId }, { revision: revisionOf(dataset) }] as const,
      queryFn: ({ signal }: { readonly signal: AbortSignal }) => readAccounts(dataset, signal),
      enabled: may,
    })),
  });
  if (!may) return undefined;
  return datasets.map((dataset, at) => {
    const { data: accounts, error } = queries[at]!;
    return { dataset, accounts, error };
  });
}
