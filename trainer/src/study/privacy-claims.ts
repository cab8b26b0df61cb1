// What a release costs, as this trainer claims it on the ledger.
import { type Dataset, epsilonOf, type PrivacyEvent } from '@consilium/domain';

/** An event's own ε at the δ of the dataset's budget, rounded up as the ledger rounds. */
export const claimOf = (event: PrivacyEvent, { privacyBudget }: Pick<Dataset, 'privacyBudget'>): string =>
  epsilonOf([{ event, count: 1 }], privacyBudget.delta);
