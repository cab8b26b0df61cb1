// A study's model as patients are drawn for it.
import type { Study } from '@consilium/domain';
import { codeInputs } from './code-features.ts';
import type { StudyModel } from './study-model.ts';
import type { TrainerContext } from './trainer-context.ts';

/**
 * The model that a dataset's patients are drawn for.
 *
 * Before the study's first draw of them, the graph is tried on the last code of each input that holds codes: a table
 * without a row for it would take what is not known for the last category, and nobody would notice. A study that was
 * begun by a version before goes on as it was.
 *
 * @throws TrainerError as `StudyModels.of`; TRAINER_MODEL_INVALID naming the inputs whose last code has no row
 */
export async function modelForDraw(
  { models, journal, ledger }: Pick<TrainerContext, 'models' | 'journal' | 'ledger'>,
  { study, datasetId }: { readonly study: Pick<Study, 'studyId' | 'model'>; readonly datasetId: string },
): Promise<StudyModel> {
  if (journal.hasDrawn(study.studyId, datasetId)) return models.of(study);
  const { dictionary } = await ledger.getDataset(datasetId);
  return models.of(study, codeInputs(dictionary));
}
