// The model of a study, for a program that is about to load it. A model can be retired after it was published: the file
// stays where it is, so whoever loads one asks the ledger first.
import { ledgerPath } from '@consilium/domain';
import type { HospitalClient } from './hospital-client.ts';
import type { ModelRow } from './ledger-rows.ts';

export class RetiredModelError extends Error {
  override readonly name = 'RetiredModelError';

  constructor({ studyId, retiredAt, withdrawn = [] }: ModelRow) {
    const datasets = withdrawn.map(({ datasetId }) => datasetId).join(', ');
    super(
      `the model of study ${studyId} is retired since ${retiredAt}: the consent of ${datasets} was withdrawn. ` +
        'Do not load it, and remove the copies that you have.',
    );
  }
}

/** A study's model as its hospital's ledger offers it now. @throws RetiredModelError naming the study */
export async function findOfferedModel(
  client: Pick<HospitalClient, 'get'>,
  studyId: string,
): Promise<ModelRow> {
  const model = await client.get<ModelRow>(ledgerPath('model:get', { studyId }));
  if (model.retiredAt !== undefined) throw new RetiredModelError(model);
  return model;
}
