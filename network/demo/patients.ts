// What a hospital does for one of its patients while a study goes on: leaves out who withdraws, and says what the
// records of another were offered to. Neither reaches the ledger or another hospital.
import { LOCAL_ROUTES, localTarget } from '@consilium/domain';
import { patientsOf, readRows } from './data-files.ts';
import type { Site } from './enrolment.ts';

interface Told {
  readonly say: (line: string) => void;
}

interface HistoryAnswer {
  readonly block: number;
  readonly pool: string;
  readonly studies: readonly { readonly studyId: string; readonly rounds: readonly unknown[] }[];
}

const target = (route: 'withdrawPatients' | 'getPatientHistory', { hospital }: Site): string =>
  localTarget(LOCAL_ROUTES[route], { params: { populationId: hospital.datasetId }, query: {} });

/** The first hospital's first patient withdraws before the first round. @returns the id of another one */
export async function withdrawPatient(site: Site, { say }: Told): Promise<string> {
  const { file, datasetId } = site.hospital;
  const [first, second] = patientsOf(readRows(file));
  const patients = [first!];
  const { unknown } = await site.client.post<{ unknown: string[] }>(
    target('withdrawPatients', site),
    'steward',
    {
      patients,
    },
  );
  if (unknown.length > 0) throw new Error(`${datasetId} has no patient ${unknown.join(', ')}`);
  say(
    `a patient of ${datasetId} withdraws: left out of every round from now on; the ledger learns nothing of it`,
  );
  return second!;
}

/** What the hospital would answer one of its patients. */
export async function tellHistory(
  site: Site,
  { patient, say }: Told & { readonly patient: string },
): Promise<void> {
  const history = await site.client.post<HistoryAnswer>(target('getPatientHistory', site), 'steward', {
    patient,
  });
  const rounds = history.studies.flatMap((study) => study.rounds).length;
  say(
    `${site.hospital.title} can tell a patient: in block ${history.block}, ` +
      `${history.pool === 'training' ? 'trained on' : 'held out'}, offered to ${rounds} rounds of ` +
      `${history.studies.map(({ studyId }) => studyId).join(', ')}`,
  );
}
