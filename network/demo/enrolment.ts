// What hospitals do before a study trains, each through its own gateway: sign in, describe data,
// propose, read the quote and consent.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_ROUTES, ledgerPath } from '@consilium/domain';
import { type DataSource, type DemoHospital, LATER_PATIENTS, writeExport } from './data-files.ts';
import { GatewayProblemError, type HospitalClient } from './hospital-client.ts';
import type { DatasetRow, QuoteRow, StudyRow } from './ledger-rows.ts';
import { publishOwnGraph } from './publish-own-graph.ts';
import type { StageClock } from './stage-clock.ts';
import type { OwnGraph, StudyPlan } from './study-plan.ts';

const FOLLOW_MS = 60_000;
const FOLLOW_EVERY_MS = 500;

export interface Site {
  readonly hospital: DemoHospital;
  readonly client: HospitalClient;
}

export interface Enrolment {
  readonly studyId: string;
  readonly parameters: number;
  readonly datasets: ReadonlyMap<string, DatasetRow>;
  readonly quotes: ReadonlyMap<string, QuoteRow>;
}

type Band = { readonly low: number; readonly high: number };

interface PreparedDataset {
  readonly commitment: string;
  readonly recordCountBand: Band;
  readonly blocks?: readonly { readonly block: number; readonly recordCountBand: Band }[];
  readonly newBlock?: {
    readonly block: number;
    readonly recordCountBand: Band;
    readonly patientsSha256: string;
  };
  readonly removed: boolean;
}

interface ModelGraph {
  readonly parameters: number;
}

export interface EnrolmentOptions {
  readonly sites: readonly Site[];
  readonly plan: StudyPlan;
  readonly source: DataSource;
  readonly clock: StageClock;
  readonly ipfsUrl: string;
  readonly say: (line: string) => void;
}

/** What a study's id says of whose patients they are. */
const STUDY_OF = {
  synthetic: 'heart-synthetic',
  'uci-heart-disease': 'heart-uci',
  'own-files': 'own',
} as const;

export async function enrol(options: EnrolmentOptions): Promise<Enrolment> {
  const datasets = await registerAll(options);
  return { ...(await agreeOnStudy(options)), datasets };
}

/** Every hospital is a member and describes its dataset; that of the first has grown once. */
export async function registerAll({
  sites,
  plan,
  source,
  clock,
  say,
}: Omit<EnrolmentOptions, 'ipfsUrl'>): Promise<Enrolment['datasets']> {
  const { dictionary } = source;
  await clock.time('register members', () =>
    each(sites, async ({ hospital, client }) => {
      const key = await client.get<{ encryptionPublicKey: string }>(LOCAL_ROUTES.getEncryptionKey.path);
      await client.post(ledgerPath('member:register', {}), 'operator', { title: hospital.title, ...key });
      say(`${hospital.title} is a member`);
    }),
  );
  const datasets = new Map<string, DatasetRow>();
  const prepare = ({ hospital: { datasetId, file: path }, client }: Site) =>
    client.post<PreparedDataset>(LOCAL_ROUTES.checkLocalDataset.path, 'steward', {
      datasetId,
      path,
      dictionary,
    });
  const growing = sites[0]!;
  await clock.time('register datasets', () =>
    each(sites, async (site) => {
      const { hospital, client } = site;
      const { datasetId, datasetTitle } = hospital;
      if (site === growing) writeExport(hospital, { without: LATER_PATIENTS });
      const { commitment, recordCountBand, newBlock } = await prepare(site);
      const row = await client.post<DatasetRow>(ledgerPath('dataset:register', {}), 'steward', {
        datasetId,
        title: datasetTitle,
        dictionary,
        recordCountBand,
        commitment,
        ...(newBlock && { newBlock }),
        terms: { purposes: [plan.study.purpose] },
        privacyBudget: plan.budget,
        accounting: plan.accounting,
      });
      datasets.set(datasetId, row);
      const { low, high } = recordCountBand;
      say(
        `${datasetId}: ${low} to ${high} patients, budget ε ${plan.budget.epsilon}; the file stays at home`,
      );
    }),
  );
  await clock.time('revise a dataset', () => revise(growing, { prepare, say }));
  return datasets;
}

/** The first site proposes a study of everybody's dataset. The datasets are there. */
export async function proposeStudy({
  sites,
  plan,
  source,
  clock,
  ipfsUrl,
  say,
}: EnrolmentOptions): Promise<Pick<Enrolment, 'studyId' | 'parameters'>> {
  const { dictionary } = source;
  const requester = sites[0]!;
  const studyId = `${STUDY_OF[source.kind]}-${randomBytes(3).toString('hex')}`;
  return clock.time('propose the study', async () => {
    const model = isOwnGraph(plan.model)
      ? await publishOwnGraph(plan.model, ipfsUrl)
      : await requester.client.post<ModelGraph>(LOCAL_ROUTES.buildModelGraph.path, 'researcher', {
          ...plan.model,
          dictionary,
        });
    await requester.client.post(ledgerPath('study:propose', {}), 'researcher', {
      ...plan.study,
      studyId,
      datasets: sites.map(({ hospital }) => hospital.datasetId),
      model,
    });
    say(`${requester.hospital.title} proposes ${studyId}: ${model.parameters} parameters`);
    return { studyId, parameters: model.parameters };
  });
}

/** The first site proposes a study of everybody's dataset, and each consents. The datasets are there. */
export async function agreeOnStudy(options: EnrolmentOptions): Promise<Omit<Enrolment, 'datasets'>> {
  const { sites, clock, say } = options;
  const { studyId, parameters } = await proposeStudy(options);
  const quotes = new Map<string, QuoteRow>();
  await clock.time('consent', () =>
    each(sites, async ({ hospital, client }) => {
      const { datasetId } = hospital;
      const quote = await client.getOnceThere<QuoteRow>(ledgerPath('privacy:quote', { studyId, datasetId }));
      quotes.set(datasetId, quote);
      const { claimedEpsilon, studySha256 } = quote;
      await client.post(ledgerPath('study:consent', { studyId }), 'steward', {
        datasetId,
        claimedEpsilon,
        studySha256,
      });
      const { training, heldOut } = claimedEpsilon;
      const whole = quote.weights.reduce((sum, { weight }) => sum + weight, 0);
      const own = quote.weights.find((one) => one.datasetId === datasetId)?.weight;
      say(
        `${datasetId} consents: ε ${training} for training and ${heldOut} for scores are reserved; ` +
          `it weighs ${own} of ${whole}`,
      );
    }),
  );
  return { studyId, parameters, quotes };
}

const isOwnGraph = (model: StudyPlan['model']): model is OwnGraph => model.kind === 'onnx';

/** New patients came: their records are of the same dataset, under accounts of their own. */
async function revise(
  site: Site,
  {
    prepare,
    say,
  }: { readonly prepare: (site: Site) => Promise<PreparedDataset>; readonly say: (line: string) => void },
): Promise<void> {
  const { hospital, client } = site;
  const { datasetId } = hospital;
  writeExport(hospital, {});
  const { commitment, recordCountBand, blocks, newBlock, removed } = await prepare(site);
  await client.post(ledgerPath('dataset:revise', { datasetId }), 'steward', {
    ...{ commitment, recordCountBand, blocks, newBlock, removed },
  });
  const { low, high } = recordCountBand;
  say(`${datasetId} has new patients: ${low} to ${high} now, in 2 blocks with accounts of their own`);
}

/** Waits for consents that its own peer has not got yet: each was recorded at the peer of who gave it. */
export async function startStudy({ client }: Site, studyId: string): Promise<StudyRow> {
  for (const deadline = Date.now() + FOLLOW_MS; ; await sleep(FOLLOW_EVERY_MS)) {
    try {
      return await client.post<StudyRow>(ledgerPath('study:start', { studyId }), 'researcher');
    } catch (error) {
      const isEarly = error instanceof GatewayProblemError && error.code === 'QUORUM_NOT_REACHED';
      if (!isEarly || Date.now() > deadline) throw error;
    }
  }
}

/**
 * At all hospitals at once; the first failure is thrown when all have ended, so that none is left half done.
 */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(items.map(work));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
