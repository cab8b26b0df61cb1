// What an account has to come to, from the consents and charges behind it alone: for those who check an account and do
// not believe its sums.
import { addGaussian, timesGaussian, UNBOUNDED_GAUSSIAN } from '../accounting/gaussian-cost.ts';
import { type PrivacyCost, timesCost } from '../accounting/privacy-cost.ts';
import { addRdp, timesRdp, UNBOUNDED_RDP, zeroRdp } from '../accounting/rdp-vector.ts';
import type { Budget } from '../budget.ts';
import type { Consent } from '../consent.ts';
import type { PrivacyCharge } from '../privacy-charge.ts';
import { reservedCost } from './plan-cost.ts';
import { blocksOf } from './revision-rules.ts';

/** The consents that gave a block of patients, and what was charged to one of its accounts. */
export interface BehindAccount {
  readonly consents: readonly Consent[];
  readonly charges: readonly Pick<PrivacyCharge, 'studyId' | 'datasetId'>[];
}

/**
 * An account as its consents and charges make it: each charge costs what its consent recorded for one round, and a
 * consent that is not settled keeps as much reserved for each of its rounds that was not charged.
 *
 * @returns undefined where a charge has no consent, or a consent more charges than rounds
 */
export function accountFrom(account: Budget, { consents, charges }: BehindAccount): Budget | undefined {
  const isOf = ({ studyId, datasetId }: Consent) => {
    return (charge: BehindAccount['charges'][number]) =>
      charge.studyId === studyId && charge.datasetId === datasetId;
  };
  if (charges.some((charge) => !consents.some((consent) => isOf(consent)(charge)))) return undefined;
  let spent: PrivacyCost = { renyi: zeroRdp(), gaussian: '0' };
  let reserved = spent;
  for (const consent of consents) {
    if (!blocksOf(consent).includes(account.block)) return undefined;
    const cost = reservedCost(consent)[account.pool === 'training' ? 'training' : 'heldOut'];
    if (account.gaussian !== undefined && cost.gaussian === undefined) return undefined;
    const charged = charges.filter(isOf(consent)).length;
    if (charged > consent.rounds) return undefined;
    spent = plus(spent, cost, charged);
    const kept = consent.state === 'settled' ? 0 : consent.rounds - charged;
    reserved = withoutBounds(plus(reserved, cost, kept), timesCost(cost, consent.rounds));
  }
  return {
    ...account,
    spent: spent.renyi,
    reserved: reserved.renyi,
    ...(account.gaussian !== undefined && {
      gaussian: { spent: spent.gaussian!, reserved: reserved.gaussian! },
    }),
  };
}

/** What was ever reserved without a bound stays so: nothing that is returned makes it finite. */
const withoutBounds = (sum: PrivacyCost, whole: PrivacyCost): PrivacyCost => ({
  renyi: sum.renyi.map((value, i) => (BigInt(whole.renyi[i]!) >= UNBOUNDED_RDP ? whole.renyi[i]! : value)),
  gaussian:
    whole.gaussian !== undefined && BigInt(whole.gaussian) >= UNBOUNDED_GAUSSIAN
      ? whole.gaussian
      : sum.gaussian,
});

const plus = (sum: PrivacyCost, cost: PrivacyCost, times: number): PrivacyCost => ({
  renyi: addRdp(sum.renyi, timesRdp(cost.renyi, times)),
  gaussian: addGaussian(sum.gaussian!, timesGaussian(cost.gaussian ?? '0', times)),
});
