// Hospitals and datasets by the titles that they gave themselves, which are strangers' text: never more than text,
// and never without the id that the ledger knows them by.
import type { DatasetSummary, Member } from '@consilium/client/browser';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { gateway } from '../api/client.ts';
import { useMay, useSession } from '../app/session.tsx';
import { Meaning } from './meaning.tsx';

async function byId<T>(items: AsyncIterable<T>, idOf: (item: T) => string): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  for await (const item of items) found.set(idOf(item), item);
  return found;
}

/** All members by their membership id; empty until they are read. */
export function useMembers(): ReadonlyMap<string, Member> {
  const enabled = useMay('listMembers');
  const { data } = useQuery({
    queryKey: ['listMembers', {}, { all: true }],
    queryFn: () => byId(gateway.items('listMembers', {}), ({ mspId }) => mspId),
    staleTime: 300_000,
    enabled,
  });
  return data ?? new Map();
}

/** All datasets by their id; empty until they are read. */
export function useDatasets(): ReadonlyMap<string, DatasetSummary> {
  const enabled = useMay('listDatasets');
  const { data } = useQuery({
    queryKey: ['listDatasets', {}, { all: true }],
    queryFn: () => byId(gateway.items('listDatasets', {}), ({ datasetId }) => datasetId),
    staleTime: 300_000,
    enabled,
  });
  return data ?? new Map();
}

/** The title of a hospital, as plain text: for labels and sentences. */
export function useHospitalTitle(): (mspId: string) => string {
  const members = useMembers();
  const { hospital } = useSession();
  return (mspId) => members.get(mspId)?.title ?? (mspId === hospital.mspId ? hospital.title : mspId);
}

export function HospitalName({ mspId }: { readonly mspId: string }) {
  const { t } = useTranslation();
  const title = useHospitalTitle()(mspId);
  return (
    <Meaning meaning={t('hospital.id', { mspId })}>
      <bdi>{title}</bdi>
    </Meaning>
  );
}

export function DatasetName({ datasetId }: { readonly datasetId: string }) {
  const { t } = useTranslation();
  const title = useDatasets().get(datasetId)?.title ?? datasetId;
  return (
    <Meaning meaning={t('dataset.id', { datasetId })}>
      <bdi>{title}</bdi>
    </Meaning>
  );
}
