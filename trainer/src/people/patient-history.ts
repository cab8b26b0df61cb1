// What one patient's records were offered to: for the hospital that must answer the patient, and for nobody else.
import { isHeldOutDigest } from '../data/salted-ids.ts';
import type { Release, ReleaseKey } from '../journal/journal-records.ts';
import { findPatients, saltedIdsOf } from './find-patient.ts';
import { bringUpToDate } from './keep-register.ts';
import type { RegisterContext } from './register.ts';
import { populationSaltOf, requireIdsOf } from './withdraw-patients.ts';

export interface OfferedRound {
  readonly round: number;
  /** When the release was drawn (ISO 8601). */
  readonly at: string;
}

export interface OfferedStudy {
  readonly studyId: string;
  readonly datasetId: string;
  readonly revision: number;
  /** Rounds whose release was drawn from patients among whom this one was; a draw takes some of them by chance. */
  readonly rounds: readonly OfferedRound[];
  /** Round of the study's published model where that came from a release of these or a later round. */
  readonly model: number | null;
}

export interface PatientHistory {
  readonly populationId: string;
  /** null for somebody whom no block has. */
  readonly block: number | null;
  readonly pool: 'training' | 'held-out' | null;
  readonly studies: readonly OfferedStudy[];
}

/** @throws TrainerError TRAINER_POPULATION_UNKNOWN, TRAINER_IDS_REQUIRED; GatewayProblem */
export async function historyOf(
  context: RegisterContext,
  { populationId, patient }: { readonly populationId: string; readonly patient: string },
  askedBy: string,
): Promise<PatientHistory> {
  const { journal, log } = context;
  const salt = populationSaltOf(journal, populationId);
  requireIdsOf(journal, populationId);
  const people = await saltedIdsOf(salt, [patient.trim()]);
  await bringUpToDate(context);
  const [at] = await findPatients(journal, { populationId, people });
  log.info({ audit: 'history of a patient', askedBy, populationId }, 'a history was asked for');
  const person = people[0]!;
  if (at === undefined) return { populationId, block: null, pool: null, studies: [] };
  const pool = isHeldOutDigest(person) ? 'held-out' : 'training';
  const until = journal.withdrawnAt(populationId, person.toString('hex'));
  const byStudy = new Map<string, (ReleaseKey & Release & { readonly drawnAt: string })[]>();
  for (const release of journal.releases()) {
    if (release.pool !== pool || (until !== undefined && begunAt(journal, release) >= until)) continue;
    // A release of noise alone had no patients.
    if (journal.drawOutcome(release) === 'nobody') continue;
    const key = JSON.stringify([release.studyId, release.datasetId]);
    byStudy.set(key, [...(byStudy.get(key) ?? []), release]);
  }
  const studies: OfferedStudy[] = [];
  for (const [key, releases] of byStudy) {
    const [studyId, datasetId] = JSON.parse(key) as [string, string];
    // Studies from before there were blocks are of everyone in the first revision.
    const offer = journal.offer(studyId, datasetId) ?? { revision: 1, blocks: [1] };
    const revision = journal.revision({ datasetId, revision: offer.revision });
    if (revision?.populationId !== populationId || !offer.blocks.includes(at.block)) continue;
    const members = journal.members(revision).find(({ block }) => block === at.block)?.members;
    if (members === undefined || (members[at.place >> 3]! & (1 << (at.place & 7))) === 0) continue;
    const rounds = releases.map(({ round, drawnAt }) => ({ round, at: drawnAt }));
    studies.push({
      ...{ studyId, datasetId, revision: offer.revision, rounds },
      model: await modelOf(context, { studyId, datasetId, firstRound: rounds[0]!.round, pool }),
    });
  }
  return { populationId, block: at.block, pool, studies };
}

/** Who withdrew while a draw went on is in it. Versions that kept no record of beginnings have its end only. */
function begunAt(
  journal: RegisterContext['journal'],
  release: ReleaseKey & { readonly drawnAt: string },
): string {
  const ms = journal.begunAtMs(release);
  return ms === undefined ? release.drawnAt : new Date(ms).toISOString();
}

async function modelOf(
  { ledger }: RegisterContext,
  {
    studyId,
    datasetId,
    firstRound,
    pool,
  }: {
    readonly studyId: string;
    readonly datasetId: string;
    readonly firstRound: number;
    readonly pool: 'training' | 'held-out';
  },
): Promise<number | null> {
  // Scores choose no model; they say how good one is.
  if (pool === 'held-out') return null;
  const model = await ledger.getModel(studyId);
  const isOfIts = model?.datasets.includes(datasetId) === true && model.round >= firstRound;
  return isOfIts ? model.round : null;
}
