// What a study was given: its consents as they count, and each dataset as it was consented to.
import { type DatasetRow, type Revision, revisionOf, type StudyRow } from '@consilium/domain';
import { weighedRevision } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import { consentsOf, findConsented, findWeighed } from './find.ts';

/** The consents of a study with their datasets, and the revisions that weights follow from where those are others. */
export async function consentedTo(ledger: Ledger, study: StudyRow) {
  const consents = await consentsOf(ledger, study);
  const datasets: DatasetRow[] = [];
  const weighed: Revision[] = [];
  // As they were consented to: a revision that comes later is not behind the model.
  for (const consent of consents) {
    const dataset = await findConsented(ledger, consent);
    datasets.push(dataset);
    if ((weighedRevision(study, dataset.datasetId) ?? revisionOf(consent)) === revisionOf(consent)) continue;
    const revision = await findWeighed(ledger, study, dataset);
    if (revision !== undefined) weighed.push(revision);
  }
  return { consents, datasets, revisions: weighed.length > 0 ? { revisions: weighed } : {} };
}
