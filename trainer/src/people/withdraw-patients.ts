// Patients who withdraw are left out from then on, of running studies too. Only their salted ids are kept, here.
import { TrainerError } from '../errors.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { findPatients, saltedIdsOf } from './find-patient.ts';
import { bringUpToDate } from './keep-register.ts';
import type { RegisterContext } from './register.ts';

export interface Withdrawal {
  readonly populationId: string;
  readonly patients: readonly string[];
}

export interface WithdrawalAnswer {
  readonly populationId: string;
  /** Ids that no block has. They are kept too, and left out should they come. */
  readonly unknown: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Records that patients withdrew; on disk when it returns. From then on no draw has them, of studies that run neither,
 * and the next revision of their datasets is without them.
 *
 * The answer to a patient who withdrew before is that to one who does now: nobody can ask who did.
 *
 * @throws TrainerError TRAINER_POPULATION_UNKNOWN, TRAINER_IDS_REQUIRED
 */
export async function withdrawPatients(
  context: RegisterContext & Pick<TrainerContext, 'graphs' | 'nowMs'>,
  { populationId, patients }: Withdrawal,
  askedBy: string,
): Promise<WithdrawalAnswer> {
  const { journal, log, nowMs } = context;
  const salt = populationSaltOf(journal, populationId);
  requireIdsOf(journal, populationId);
  const ids = [...new Set(patients.map((id) => id.trim()))].filter((id) => id !== '');
  const people = await saltedIdsOf(salt, ids);
  journal.withdraw(
    populationId,
    people.map((person) => person.toString('hex')),
    nowMs(),
  );
  // Their rows too are in memory no longer than until now.
  context.dataFiles.letGoOfUnits();
  await context.graphs.letGoOfRows();
  await bringUpToDate(context);
  const places = await findPatients(journal, { populationId, people });
  const unknown = ids.filter((_, i) => places[i] === undefined);
  log.info(
    { audit: 'withdrawal of patients', askedBy, populationId, outcome: 'recorded' },
    'patients withdrew',
  );
  return {
    populationId,
    unknown,
    notes: [
      'Left out of every draw from now on. To have it shown on the ledger, prepare the datasets again and revise them.',
      ...(unknown.length > 0 ? ['Ids that are unknown are kept too, and left out should they come.'] : []),
    ],
  };
}

/** @throws TrainerError TRAINER_POPULATION_UNKNOWN */
export function populationSaltOf(journal: RegisterContext['journal'], populationId: string): Uint8Array {
  const salt = journal.populationSalt(populationId) ?? journal.dataset(populationId)?.salt;
  if (salt !== undefined) return journal.keepPopulation(populationId, salt);
  const known = journal.populations();
  throw new TrainerError(
    'TRAINER_POPULATION_UNKNOWN',
    `this trainer knows no population ${populationId}: ` +
      (known.length === 0 ? 'none yet' : `it knows ${known.join(', ')}`),
  );
}

/**
 * Where files name no patients, a row that is left out is all that can be done.
 *
 * @throws TrainerError TRAINER_IDS_REQUIRED
 */
export function requireIdsOf(journal: RegisterContext['journal'], populationId: string): void {
  const own = [
    ...journal.revisions().filter((revision) => revision.populationId === populationId),
    ...journal.datasets().filter(({ datasetId }) => datasetId === populationId),
  ];
  if (own.length === 0 || own.some(({ dictionary }) => dictionary.patientId !== null)) return;
  throw new TrainerError(
    'TRAINER_IDS_REQUIRED',
    `the files of population ${populationId} name no patients, so that nobody's rows can be found: ` +
      'withdraw its consents, ' +
      'and register a dataset whose dictionary has a patientId',
  );
}
