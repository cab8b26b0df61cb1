// What the screen of a consent asks the gateway, in the ledger's own types.

import { ProblemError } from '@consilium/client/browser';
import type { Consent, ConsentQuote, RowVersion } from '@consilium/domain';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { gateway } from '../../api/client.ts';

/** The consent of a dataset to a study; null where there is none. */
export function useConsent(studyId: string, datasetId: string) {
  return useQuery({
    queryKey: ['getConsent', { studyId, datasetId }, {}] as const,
    queryFn: async ({ signal }): Promise<Consent | null> => {
      try {
        const found = await gateway.call('getConsent', { path: { studyId, datasetId }, signal });
        return found as unknown as Consent;
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'CONSENT_NOT_FOUND') return null;
        throw error;
      }
    },
  });
}

/** What a consent of these blocks would cost; of every open one where undefined. */
export function useQuote(studyId: string, datasetId: string, blocks: readonly number[] | undefined) {
  return useQuery({
    queryKey: ['quoteConsent', { studyId, datasetId }, { blocks }] as const,
    queryFn: async ({ signal }) => {
      const query = blocks === undefined ? {} : { blocks };
      const quote = await gateway.call('quoteConsent', { path: { studyId, datasetId }, query, signal });
      return quote as unknown as ConsentQuote;
    },
    enabled: blocks === undefined || blocks.length > 0,
    // The cost that was read goes on being shown while that of other blocks is asked for.
    placeholderData: keepPreviousData,
  });
}

/** Pages of a study's history that are read at most: a study changes a few times in its life. */
const PAGES_MOST = 10;

/** Every version of a study's row. @param enabled whether an earlier text is wanted */
export function useStudyHistory(studyId: string, enabled: boolean) {
  return useQuery({
    queryKey: ['getStudyHistory', { studyId }, { all: true }] as const,
    queryFn: async ({ signal }) => {
      const versions: RowVersion[] = [];
      let bookmark: string | undefined;
      for (let page = 0; page < PAGES_MOST; page += 1) {
        const query = bookmark === undefined ? {} : { bookmark };
        const found = await gateway.call('getStudyHistory', { path: { studyId }, query, signal });
        versions.push(...(found.items as unknown as RowVersion[]));
        bookmark = found.bookmark;
        if (bookmark === undefined || bookmark === '') break;
      }
      return versions as readonly RowVersion[];
    },
    enabled,
  });
}
