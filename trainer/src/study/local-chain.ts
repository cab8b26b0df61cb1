// Where a dataset's local parameters stand. They are chained from round to round, but only through rounds whose
// charge is on the ledger: a draw that was never charged must leave no trace in later releases.
import type { RoundDossier, Study } from '@consilium/domain';
import type { Journal } from '../journal/journal.ts';
import type { ReleaseKey } from '../journal/journal-records.ts';
import { ModelAverage } from '../offline/simulation/model-average.ts';
import { decodeLocal, type StudyModel } from './study-model.ts';
import type { TrainerContext } from './trainer-context.ts';

/** Compares the journal's open training releases with the ledger, and marks each as charged or void. */
export async function confirmCharges(
  { journal, ledger }: Pick<TrainerContext, 'journal' | 'ledger'>,
  { studyId, datasetId }: { readonly studyId: string; readonly datasetId: string },
): Promise<void> {
  for (const round of journal.openRounds(studyId, datasetId)) {
    const dossier = await ledger.getDossier(studyId, round);
    if (dossier !== undefined)
      confirmCharge(journal, { studyId, round, datasetId, pool: 'training' }, dossier);
  }
}

function confirmCharge(journal: Journal, key: ReleaseKey, { round, updates }: RoundDossier): void {
  const recorded = updates.find(({ datasetId }) => datasetId === key.datasetId);
  const release = journal.release(key);
  if (recorded !== undefined && recorded.plaintextSha256 === release?.payloadSha256) {
    journal.settleCharge(key, 'charged');
  } else if (recorded !== undefined || round.state !== 'training') {
    // The round takes no update any more, or has another one: these bytes will never be charged.
    journal.settleCharge(key, 'void');
  }
}

/** The local parameters after the last charged round up to the given one; the graph's own before any. */
export function localParametersAt(
  { journal }: Pick<TrainerContext, 'journal'>,
  of: { readonly studyId: string; readonly datasetId: string; readonly round: number },
  model: StudyModel,
): Float64Array {
  const bytes = journal.localParameters(of);
  return bytes === undefined ? model.initial.local : decodeLocal(bytes);
}

/**
 * The local parameters that belong to what the study hands over after a round: those of then, or, where the study
 * averages its models, their average by the same decay as they were after each round since this dataset's first. They
 * stay at their hospital and need no agreed bits. Like the average of the shared model it is post-processing.
 */
export function localOutcomeAt(
  context: Pick<TrainerContext, 'journal'>,
  of: {
    readonly study: Pick<Study, 'studyId' | 'averaging'>;
    readonly datasetId: string;
    readonly round: number;
  },
  model: StudyModel,
): Float64Array {
  const { study, datasetId, round } = of;
  const { studyId, averaging } = study;
  const last = localParametersAt(context, { studyId, datasetId, round }, model);
  if (averaging === undefined || last.length === 0) return last;
  const average = new ModelAverage(Number(averaging.decay));
  let outcome = last;
  for (let number = 1; number <= round; number++) {
    const bytes = context.journal.localParameters({ studyId, datasetId, round: number });
    if (bytes === undefined) continue;
    const [averaged] = average.add([{ shared: [], local: decodeLocal(bytes) }]);
    outcome = Float64Array.from(averaged?.local ?? outcome);
  }
  return outcome;
}
