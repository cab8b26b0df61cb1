// What the screens of a study ask the gateway, in the ledger's own types.
import type { Item, ListName, Request } from '@consilium/client/browser';
import type {
  Consent,
  Dataset,
  DatasetErasures,
  Decline,
  Equivocation,
  MotionRecord,
  RoundDossier,
  StudyAnswer,
  StudyRecord,
} from '@consilium/domain';
import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { gateway } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { isEnded } from './round-progress.ts';

/** Lists that are about one study are short enough to be read whole; more items than this are not. */
const ITEMS_MAX = 2_000;

/** Every item of a list, page by page. */
export function wholeList<N extends ListName>(name: N, request: Omit<Request<N>, 'body'>) {
  const { path = {}, query = {} } = request as { path?: object; query?: object };
  return queryOptions({
    queryKey: [name, path, { ...query, all: true }] as const,
    queryFn: async ({ signal }) => {
      const items: Item<N>[] = [];
      for await (const item of gateway.items(name, { ...request, signal })) {
        items.push(item);
        if (items.length >= ITEMS_MAX) break;
      }
      return items as readonly Item<N>[];
    },
  });
}

/** A study with its quorum of now. */
export const studyQuery = (studyId: string) =>
  queryOptions({
    queryKey: ['getStudy', { studyId }, {}] as const,
    queryFn: async ({ signal }) =>
      (await gateway.call('getStudy', { path: { studyId }, signal })) as unknown as StudyAnswer,
  });
export const useStudy = (studyId: string) => useQuery(studyQuery(studyId));

/** What was recorded of a study: consents, the datasets as they were consented to, and every round. */
export interface Recorded {
  readonly consents: readonly Consent[];
  readonly datasets: readonly Dataset[];
  readonly rounds: readonly RoundDossier[];
  readonly pages: readonly RecordPage[];
}

interface RecordPage {
  readonly bookmark: string;
  readonly record: StudyRecord;
}

const ROUNDS_A_PAGE = 10;

/** Pages whose rounds have all ended do not change: only those from the first other one on are read again. */
async function readRecord(
  { studyId, signal }: { readonly studyId: string; readonly signal: AbortSignal },
  before: readonly RecordPage[],
): Promise<Recorded> {
  const pages: RecordPage[] = [];
  let bookmark = '';
  for (;;) {
    const known = before.find(
      (page) =>
        page.bookmark === bookmark &&
        page.record.bookmark !== undefined &&
        page.record.rounds.every(({ round }) => isEnded(round)),
    );
    const query = { limit: ROUNDS_A_PAGE, ...(bookmark !== '' && { bookmark }) };
    const record =
      known?.record ??
      ((await gateway.call('getStudyRecord', {
        path: { studyId },
        query,
        signal,
      })) as unknown as StudyRecord);
    pages.push({ bookmark, record });
    if (record.bookmark === undefined || record.bookmark === '') break;
    bookmark = record.bookmark;
  }
  // Consents change while rounds do not: those of the page that was read last hold.
  const { consents, datasets } = pages.at(-1)!.record;
  return { consents, datasets, rounds: pages.flatMap(({ record }) => record.rounds), pages };
}

export function useRecord(studyId: string) {
  const queryKey = ['getStudyRecord', { studyId }, { all: true }] as const;
  return useQuery({
    queryKey,
    queryFn: ({ signal, client }: { readonly signal: AbortSignal; readonly client: QueryClient }) =>
      readRecord({ studyId, signal }, client.getQueryData<Recorded>(queryKey)?.pages ?? []),
  });
}

/** Refusals of a study, the last of each dataset. */
export const useDeclines = (studyId: string) =>
  useQuery({
    ...wholeList('listDeclines', { path: { studyId } }),
    select: (items) => items as unknown as readonly Decline[],
  });

/** Motions with their votes, the last one first. */
export function useMotions(studyId: string) {
  return useQuery({
    queryKey: ['listMotions', { studyId }, { votes: true }] as const,
    queryFn: async ({ signal }) => {
      const records: MotionRecord[] = [];
      for await (const { motion } of gateway.items('listMotions', { path: { studyId }, signal })) {
        const record = await gateway.call('getMotion', { path: { studyId, motion }, signal });
        records.push(record as unknown as MotionRecord);
        if (records.length >= ITEMS_MAX) break;
      }
      return records.toReversed();
    },
  });
}

export const useEquivocations = (studyId: string) =>
  useQuery({
    ...wholeList('listEquivocations', { path: { studyId } }),
    select: (items) => items as unknown as readonly Equivocation[],
  });

export const useErasures = (studyId: string, enabled: boolean) =>
  useQuery({
    ...wholeList('listErasures', { path: { studyId } }),
    select: (items) => items as unknown as readonly DatasetErasures[],
    enabled,
  });

/** One dataset, with its terms. */
export const useDataset = (datasetId: string) =>
  useQuery({
    queryKey: ['getDataset', { datasetId }, {}] as const,
    queryFn: async ({ signal }) =>
      (await gateway.call('getDataset', { path: { datasetId }, signal })) as unknown as Dataset,
  });

/** What a trainer says of its work on one study. */
export interface Job {
  readonly studyId: string;
  readonly stage: string;
  readonly step?: number;
  readonly steps?: number;
  readonly error?: { readonly code: string; readonly detail: string };
}

/** What the own trainer is doing for a study, where the session may ask it. */
export function useOwnJob(studyId: string, isLive: boolean) {
  const may = useMay('listJobs');
  return useQuery({
    queryKey: ['listJobs', {}, {}] as const,
    queryFn: ({ signal }) => gateway.call('listJobs', { signal }),
    select: (jobs) => (jobs as readonly Job[]).find((job) => job.studyId === studyId),
    enabled: may && isLive,
    refetchInterval: isLive ? 3_000 : false,
    retry: false,
  });
}
