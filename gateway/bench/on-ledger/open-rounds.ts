// Updates that can be recorded: datasets of one hospital, studies over a few of them each, and one open round after
// the other. All of it by real transactions. A dataset gives one update to a round, and updates of one dataset
// write the same account, so a bench that wants many in flight takes them from different datasets.
import { createHash } from 'node:crypto';
import type { ProposeStudy, RecordUpdate } from '@consilium/domain';
import { PROPOSE_STUDY, RECORD_UPDATE, RECORD_VERDICT } from '../../src/http/examples.ts';
import { anotherDataset } from '../../src/testing/another-dataset.ts';
import { RUN } from '../../src/testing/fabric-network.ts';
import type { BareClient } from './bare-client.ts';

/** Cheap enough in privacy for a dataset's life to bear thousands of rounds. */
export const TRAINING = {
  learningRate: '0.5',
  clipNormL2: '1',
  noiseMultiplier: '50',
  samplingRate: '0.01',
  stepsPerRound: 1,
};
export const VALIDATION = { ...PROPOSE_STUDY.validation, noiseMultiplier: '1000' };

/** A member may have few proposals open, and each counts the others. */
const PROPOSED_AT_ONCE = 4;

export interface PendingUpdate {
  readonly studyId: string;
  readonly datasetId: string;
  readonly argument: RecordUpdate;
}

export interface Size {
  /** Datasets whose studies run side by side. */
  readonly lanes: number;
  readonly datasetsPerStudy: number;
  readonly rounds: number;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Runs `work` on every item, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

/** A study that runs, with the number of its latest round. */
export class RunningStudy {
  readonly studyId: string;
  readonly datasets: readonly string[];
  readonly rounds: number;
  round = 0;
  readonly #client: BareClient;
  readonly #claimedEpsilon: string;

  private constructor(
    client: BareClient,
    study: Pick<ProposeStudy, 'studyId' | 'datasets' | 'rounds'>,
    claimedEpsilon: string,
  ) {
    this.#client = client;
    this.studyId = study.studyId;
    this.datasets = study.datasets;
    this.rounds = study.rounds;
    this.#claimedEpsilon = claimedEpsilon;
  }

  static async start(
    client: BareClient,
    { studyId, datasets, rounds }: { studyId: string; datasets: readonly string[]; rounds: number },
  ): Promise<RunningStudy> {
    const study: ProposeStudy = {
      ...PROPOSE_STUDY,
      studyId,
      datasets: [...datasets],
      rounds,
      training: TRAINING,
      validation: VALIDATION,
      quorum: { updates: 1, validators: 1 },
      roundDeadlineSeconds: 86_400,
    };
    await client.submit('researcher', 'study:propose', study);
    const quotes = { claimedEpsilonPerRound: '' };
    // Each dataset's earlier consents count in its quote.
    await inParallel(datasets, datasets.length, async (datasetId) => {
      const asked = { studyId, datasetId };
      const quote = await client.evaluate('steward', 'privacy:quote', asked);
      quotes.claimedEpsilonPerRound = quote.claimedEpsilonPerRound.training;
      await client.submit('steward', 'study:consent', { ...asked, claimedEpsilon: quote.claimedEpsilon });
    });
    await client.submit('researcher', 'study:start', { studyId });
    return new RunningStudy(client, study, quotes.claimedEpsilonPerRound);
  }

  get exhausted(): boolean {
    return this.round >= this.rounds;
  }

  /** Opens the next round; what its datasets can record now. */
  async open(): Promise<PendingUpdate[]> {
    this.round += 1;
    await this.#client.submit('trainer', 'round:open', { studyId: this.studyId, round: this.round });
    return this.datasets.map((datasetId) => this.#update(datasetId));
  }

  #update(datasetId: string): PendingUpdate {
    const { studyId, round } = this;
    const name = `${studyId} ${round} ${datasetId}`;
    const { artefact, privacyEvent } = RECORD_UPDATE;
    const argument: RecordUpdate = {
      studyId,
      round,
      datasetId,
      artefact: { ...artefact, sha256: digest(`ciphertext ${name}`) },
      plaintextSha256: digest(`plaintext ${name}`),
      privacyEvent: {
        ...privacyEvent,
        noiseMultiplier: TRAINING.noiseMultiplier,
        samplingRate: TRAINING.samplingRate,
        steps: TRAINING.stepsPerRound,
      },
      claimedEpsilon: this.#claimedEpsilon,
    };
    return { studyId, datasetId, argument };
  }

  /** Gives up the round, whose updates are all there: its one validator rejects the candidate. */
  async giveUp(): Promise<void> {
    const { studyId, round } = this;
    const candidateSha256 = RECORD_VERDICT.candidateSha256;
    const decisions = this.datasets.map((datasetId) => ({ datasetId, decision: 'accept' as const }));
    await this.#client.submit('trainer', 'round:close', { studyId, round });
    const verdict = { studyId, round, candidateSha256, accepted: false, decisions, scores: [] };
    await this.#client.submit('trainer', 'round:recordVerdict', verdict);
    await this.#client.submit('trainer', 'round:abort', { studyId, round, reason: 'the next one, please' });
  }
}

/** Registers the organisation where it is none yet, and its datasets. */
export async function registerDatasets(client: BareClient, count: number, name = ''): Promise<string[]> {
  const datasets = Array.from({ length: count }, (_, i) => `bench-${RUN}-${name}${i}`);
  await inParallel(datasets, 32, (datasetId) =>
    client.submit('steward', 'dataset:register', {
      ...anotherDataset(datasetId),
      privacyBudget: { epsilon: '1000', delta: '0.00001', unit: 'patient' },
    }),
  );
  return datasets;
}

/** Updates for a bench to record, of as many datasets as can be in flight. */
export class OpenRounds {
  readonly #client: BareClient;
  readonly #settled: () => Promise<void>;
  readonly #studies = new Map<string, { study: RunningStudy; left: number }>();
  #pending: PendingUpdate[] = [];

  /** `settled` waits until every peer has what was prepared. */
  constructor(client: BareClient, settled: () => Promise<void>) {
    this.#client = client;
    this.#settled = settled;
  }

  async prepare({ lanes, datasetsPerStudy, rounds }: Size, atLeast: number): Promise<void> {
    const datasets = await registerDatasets(this.#client, lanes);
    await this.#settled();
    const groups = Array.from({ length: lanes / datasetsPerStudy }, (_, at) =>
      datasets.slice(at * datasetsPerStudy, (at + 1) * datasetsPerStudy),
    );
    for (let set = 0; set * lanes < atLeast; set += 1) {
      await inParallel(groups, PROPOSED_AT_ONCE, async (group) => {
        const studyId = `${group[0]}-s${set}`;
        const study = await RunningStudy.start(this.#client, { studyId, datasets: group, rounds });
        this.#studies.set(studyId, { study, left: 0 });
      });
      await this.#settled();
    }
  }

  /** So many updates that nobody has recorded yet; rounds whose updates were all taken are followed by the next. */
  async take(count: number): Promise<PendingUpdate[]> {
    if (this.#pending.length < count) {
      const empty = [...this.#studies.values()].filter(({ left }) => left === 0);
      const opened = new Map<string, PendingUpdate[]>();
      await inParallel(empty, 64, async (one) => {
        if (one.study.round > 0) await one.study.giveUp();
        const updates = await one.study.open();
        one.left = updates.length;
        opened.set(one.study.studyId, updates);
      });
      // In the order of studies, so that the updates of one dataset stay far apart.
      for (const { study } of empty) this.#pending.push(...opened.get(study.studyId)!);
    }
    await this.#settled();
    const taken = this.#pending.splice(0, count);
    if (taken.length < count) throw new Error(`only ${taken.length} of ${count} updates could be prepared`);
    for (const { studyId } of taken) this.#studies.get(studyId)!.left -= 1;
    return taken;
  }
}
