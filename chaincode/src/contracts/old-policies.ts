// Which rows have policies that members of another day laid, page by page: what is to be renewed after somebody joined
// or left.
import type { Argument, OpenConsent, OpenStudy, PolicyRef } from '@consilium/domain';
import type { Ledger } from '../ledger/ledger.ts';
import type { Page } from '../ledger/page.ts';
import { consentOf, findStudy, roundsOf } from './find.ts';
import { guardedRows, hasOldPolicies } from './policies.ts';

/** How many rows one page looks at, at most: each is read with its policies; of a study, with its rounds. */
const LOOKED_AT = { dataset: 20, block: 20, consent: 20, round: 5 } as const;

/**
 * A page of old policies. It may be empty and have a bookmark all the same: it looks at a number of rows, and lists
 * those that are to be renewed.
 */
export async function oldPolicies(
  ledger: Ledger,
  { kind, ...page }: Argument<'audit:listOldPolicies'>,
): Promise<Page<PolicyRef>> {
  const most = LOOKED_AT[kind];
  const options = { ...page, pageSize: Math.min(page.pageSize ?? most, most) };
  if (kind === 'dataset') {
    return those(await ledger.page('dataset', [], options), async (dataset) =>
      (await hasOldPolicies(ledger, await guardedRows.ofDataset(ledger, dataset)))
        ? { datasetId: dataset.datasetId }
        : undefined,
    );
  }
  if (kind === 'block') {
    return those(await ledger.page('block', [], options), async ({ populationId, block }) =>
      // The first block is laid again with each dataset of its population.
      block > 1 && (await hasOldPolicies(ledger, await guardedRows.ofBlock(ledger, populationId, block)))
        ? { populationId, block }
        : undefined,
    );
  }
  if (kind === 'consent') {
    return those(await ledger.page('open-consent', [], options), (open) => oldConsent(ledger, open));
  }
  return those(await ledger.page('open-study', [], options), (open) => oldRound(ledger, open));
}

async function those<T>(
  { items, ...rest }: Page<T>,
  isOld: (row: T) => Promise<PolicyRef | undefined>,
): Promise<Page<PolicyRef>> {
  const old: PolicyRef[] = [];
  for (const row of items) {
    const ref = await isOld(row);
    if (ref !== undefined) old.push(ref);
  }
  return { ...rest, items: old };
}

async function oldConsent(
  ledger: Ledger,
  { studyId, datasetId }: OpenConsent,
): Promise<PolicyRef | undefined> {
  const consent = await consentOf(ledger, studyId, datasetId);
  if (consent === undefined) return undefined;
  const isOld = await hasOldPolicies(ledger, await guardedRows.ofConsent(ledger, consent));
  return isOld ? { studyId, datasetId } : undefined;
}

/** Of the round that is under way: those that have ended change no more. */
async function oldRound(ledger: Ledger, { studyId }: OpenStudy): Promise<PolicyRef | undefined> {
  const round = (await roundsOf(ledger, await findStudy(ledger, studyId))).at(-1);
  if (round === undefined || round.state === 'finalized' || round.state === 'aborted') return undefined;
  const isOld = await hasOldPolicies(ledger, await guardedRows.ofRound(ledger, round));
  return isOld ? { studyId, round: round.round } : undefined;
}
