// What more rounds cost the own datasets of a study: what a vote for an amendment has to claim, and what a steward
// reads before it.
import type { Amendment, Consent, Dataset } from '@consilium/domain';
import { type AccountCosts, epsilonOfMore } from './study-costs.ts';

export interface Claim {
  readonly datasetId: string;
  readonly claimedEpsilon: AccountCosts;
}

/** One claim for each own consent in force that would have to reserve more rounds; none where it adds no rounds. */
export function claimsOf(
  amendment: { readonly rounds?: Amendment['rounds'] | undefined } | undefined,
  {
    consents,
    datasets,
    mspId,
  }: {
    readonly consents: readonly Consent[];
    readonly datasets: readonly Dataset[];
    readonly mspId: string;
  },
): readonly Claim[] {
  const { rounds } = amendment ?? {};
  if (rounds === undefined) return [];
  return consents.flatMap((consent): Claim[] => {
    const { datasetId, owner, state } = consent;
    const dataset = datasets.find((one) => one.datasetId === datasetId);
    const more = rounds - consent.rounds;
    if (owner !== mspId || state !== 'granted' || dataset === undefined || more <= 0) return [];
    return [{ datasetId, claimedEpsilon: epsilonOfMore(consent, dataset, more) }];
  });
}
